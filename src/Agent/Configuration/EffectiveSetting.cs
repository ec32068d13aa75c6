using System.Globalization;

namespace Agent.Configuration;

/// <summary>A setting in force as a person reads it.</summary>
/// <param name="Name">As it is called in the configuration file; that of a watch begins with the watch's name.</param>
/// <param name="Value">As a user writes it.</param>
/// <param name="Origin">An option, a variable, a place in the configuration file, or <c>default</c>.</param>
internal sealed record EffectiveSetting(string Name, string Value, string Origin)
{
    public override string ToString() => $"{Name} {Value} ({Origin})";

    internal static IEnumerable<EffectiveSetting> Of(Settings settings) =>
    [
        new("interval", Duration.Format(settings.Interval.Value), settings.Interval.Origin),
        new("textfileDirectory", settings.TextfileDirectory.Value ?? "none", settings.TextfileDirectory.Origin),
        new("netns", settings.Namespace.Value?.Where ?? "own", settings.Namespace.Origin),
        .. settings.Endpoint is { } endpoint ? Of(endpoint, settings.EndpointOrigins) : [],
        .. settings.Watches.SelectMany(Of),
    ];

    private static IEnumerable<EffectiveSetting> Of(EndpointSettings settings, EndpointOrigins origins)
    {
        yield return new("endpoint.listen", $"{settings.Listen}", origins.Listen);
        yield return new("endpoint.tokenFile", settings.TokenFile ?? "none", origins.TokenFile);
        yield return new("endpoint.certificateFile", settings.CertificateFile ?? "none", origins.CertificateFile);
        yield return new("endpoint.keyFile", settings.KeyFile ?? "none", origins.KeyFile);
        yield return new("endpoint.requestsPerMinute", settings.RequestsPerMinute.ToString(CultureInfo.InvariantCulture), origins.RequestsPerMinute);
    }

    private static IEnumerable<EffectiveSetting> Of(WatchSettings settings)
    {
        (string name, WatchOrigins origins) = (settings.Watch.Name, settings.Origins);
        yield return new($"{name}.ports", string.Join(',', settings.Watch.Ports), origins.Ports);
        if (settings.Namespace is { } other)
        {
            yield return new($"{name}.netns", other.Where, origins.Namespace);
        }

        yield return new($"{name}.limit", settings.Watch.Limit.Text, settings.Watch.Limit.Source);
        if (settings.Watch.LimitFrom is { } endpoint)
        {
            yield return new($"{name}.limitFrom", endpoint.Name, origins.LimitFrom);
        }

        yield return new($"{name}.shownClients", settings.Watch.ShownClients.ToString(CultureInfo.InvariantCulture), origins.ShownClients);
        if (settings.Watch.Warning is { } warning)
        {
            yield return new($"{name}.warning", $"{warning}", origins.Warning);
        }

        if (settings.Watch.Critical is { } critical)
        {
            yield return new($"{name}.critical", $"{critical}", origins.Critical);
        }
    }
}
