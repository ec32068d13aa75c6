using Xunit.v3;

namespace Testing;

/// <summary>
/// On a class whose tests start the program. They run with the published one too, by AGENT_PROGRAM and <c>--filter Starts=Program</c>.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class StartsProgramAttribute : Attribute, ITraitAttribute
{
    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [new("Starts", "Program")];
}
