namespace Agent.Metrics;

/// <summary>What is said once for all samples of one metric name.</summary>
/// <param name="Name">The name, with its unit.</param>
/// <param name="Type">Its type.</param>
/// <param name="Help">One sentence.</param>
/// <param name="LabelNames">The labels of each of its samples, in this order.</param>
internal sealed record MetricFamily(string Name, MetricType Type, string Help, params string[] LabelNames);
