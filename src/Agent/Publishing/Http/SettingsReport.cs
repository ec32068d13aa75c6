using Agent.Configuration;

namespace Agent.Publishing.Http;

/// <summary>What <c>/configz</c> answers.</summary>
/// <param name="Settings">The settings in force.</param>
internal sealed record SettingsReport(IReadOnlyList<EffectiveSetting> Settings);
