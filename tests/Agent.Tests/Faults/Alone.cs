namespace Agent.Tests.Faults;

/// <summary>
/// Tests that run by themselves when all others have ended: their figures are those of the whole process, or they want the machine for a while.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public static class Alone
{
    internal const string Name = "alone";
}
