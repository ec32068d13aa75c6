using Xunit.v3;

namespace Testing;

/// <summary>
/// Marks a class whose tests start the program. They also run with the published program: AGENT_PROGRAM and <c>--filter Starts=Program</c>.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class StartsProgramAttribute : Attribute, ITraitAttribute
{
    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [new("Starts", "Program")];
}
