using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Agent.Publishing.Http;

/// <summary>
/// Takes what Kestrel registers and no more: without a host around it nothing reads files or variables, takes signals, or is there to be trimmed.
/// </summary>
internal sealed class ServerServices : IWebHostBuilder
{
    internal ServiceCollection Services { get; } = new();

    public IWebHostBuilder ConfigureServices(Action<IServiceCollection> configureServices)
    {
        configureServices(Services);
        return this;
    }

    public IWebHostBuilder ConfigureServices(Action<WebHostBuilderContext, IServiceCollection> configureServices)
    {
        configureServices(new WebHostBuilderContext(), Services);
        return this;
    }

    public IWebHostBuilder UseSetting(string key, string? value) => this;

    public string? GetSetting(string key) => null;

    public IWebHostBuilder ConfigureAppConfiguration(Action<WebHostBuilderContext, IConfigurationBuilder> configureDelegate) =>
        throw new NotSupportedException("there is no configuration of ASP.NET's");

#pragma warning disable ASPDEPR008 // A member of the interface.
    public IWebHost Build() => throw new NotSupportedException("there is no host");
}
