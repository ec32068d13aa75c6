namespace Agent.Cli.Rendering;

/// <summary>The forms in which <c>--once</c> prints, named as <c>--output</c> takes them.</summary>
internal enum OutputForm
{
    /// <summary>For a person.</summary>
    Table,

    /// <summary>For a program.</summary>
    Json,

    /// <summary>For Prometheus.</summary>
    Prom,

    /// <summary>For a check of Consul, Nagios or Sensu.</summary>
    Check,
}
