namespace Agent.Tests.Faults;

/// <summary>
/// Tests that run one at a time after all others, because they measure the whole process or load the machine.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public static class Alone
{
    internal const string Name = "alone";
}
