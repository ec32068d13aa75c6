namespace Agent.Watching;

/// <summary>How many connections a client may hold, and who says so.</summary>
/// <param name="Value">Null where there is no limit.</param>
/// <param name="Source">An option as a user writes it, a place in the configuration file, whoever was asked, or <c>default</c>.</param>
internal readonly record struct ClientLimit(int? Value, string Source);
