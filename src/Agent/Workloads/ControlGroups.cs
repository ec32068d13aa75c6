using System.Globalization;
using System.Text.RegularExpressions;

namespace Agent.Workloads;

/// <summary>
/// Parses /proc/PID/cgroup, cgroups(7). With cgroup v2 it is a line <c>0::PATH</c>, with v1 a line <c>N:CONTROLLERS:PATH</c> for each hierarchy, and
/// a hybrid system has both. The names of the directories contain the systemd unit and the container of the usual runtimes.
/// </summary>
internal static partial class ControlGroups
{
    private const string SystemdHierarchy = "name=systemd";
    private const string UnifiedHierarchy = "";

    private const string LxcPayload = "lxc.payload";
    private const string Nspawn = "systemd-nspawn";
    private const string NspawnPayload = "payload";

    /// <param name="text">The content of the file.</param>
    internal static Workload Parse(string text)
    {
        Workload found = Workload.Unknown;
        foreach (string line in text.Split('\n'))
        {
            if (line.Split(':', 3) is not [_, string controllers, string path])
            {
                continue;
            }

            Workload workload = ParsePath(path);
            if (workload.Container is not null)
            {
                return workload;
            }

            // systemd manages these two hierarchies. In the others, any program may have moved the process.
            if (workload.Unit is not null && (found.Unit is null || controllers is SystemdHierarchy or UnifiedHierarchy))
            {
                found = workload;
            }
        }

        return found;
    }

    /// <summary>Parses a path: the innermost container, and the innermost unit inside it.</summary>
    private static Workload ParsePath(string path)
    {
        string[] names = ProcessNames.Printable(path).Split('/', StringSplitOptions.RemoveEmptyEntries);
        Workload workload = Workload.Unknown;
        for (int i = 0; i < names.Length; i++)
        {
            string name = names[i];
            if (ContainerOf(name, i > 0 ? names[i - 1] : "", i + 1 < names.Length ? names[i + 1] : "") is { } container)
            {
                workload = new Workload(null, null, container);
            }
            else if (UserManager().Match(name) is { Success: true } manager)
            {
                workload = workload with { Unit = name, UnitUserId = long.Parse(manager.Groups["user"].Value, CultureInfo.InvariantCulture) };
            }
            else if (Unit().IsMatch(name))
            {
                workload = workload with { Unit = name };
            }
        }

        // The user manager itself is a unit of the system's instance.
        return workload.Unit is { } unit && UserManager().IsMatch(unit) ? workload with { UnitUserId = null } : workload;
    }

    private static Container? ContainerOf(string name, string parent, string child)
    {
        if (Prefixed().Match(name) is { Success: true } prefixed)
        {
            return new Container(RuntimeOf(prefixed.Groups["prefix"].Value), prefixed.Groups["id"].Value);
        }

        if (Container.IsId(name))
        {
            return parent == "docker" ? new Container(parent, name) : Pod().IsMatch(parent) ? new Container(Runtime: null, name) : null;
        }

        if (parent is "lxc" or LxcPayload)
        {
            return new Container("lxc", name);
        }

        if (name.StartsWith(LxcPayload + ".", StringComparison.Ordinal))
        {
            return new Container("lxc", name[(LxcPayload.Length + 1)..]);
        }

        // The container's processes are in the payload. The supervisor beside it is a process of the host.
        return child == NspawnPayload && Machine().Match(name) is { Success: true } machine
            ? new Container(Nspawn, Unescape(machine.Groups["name"].Value))
            : null;
    }

    private static string RuntimeOf(string prefix) => prefix switch
    {
        "cri-containerd" => "containerd",
        "crio" => "cri-o",
        "libpod" or "libpod-payload" => "podman",
        _ => prefix,
    };

    /// <summary>Reverses systemd-escape(1).</summary>
    private static string Unescape(string name) => EscapedByte().Replace(
        name, escaped => $"{(char)byte.Parse(escaped.Groups["byte"].Value, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)}");

    // docker-ID.scope; libpod-ID without systemd; kubepods-….slice:cri-containerd:ID if the runtime and the kubelet use different cgroup drivers.
    [GeneratedRegex(@"\A(?:.*:)?(?<prefix>docker|cri-containerd|crio|libpod|libpod-payload|nerdctl)[-:](?<id>[0-9a-f]{64})(?:\.scope)?\z")]
    private static partial Regex Prefixed();

    // pod0123abcd-… or kubepods-burstable-pod0123abcd_….slice.
    [GeneratedRegex(@"\A(?:kubepods-.*)?pod[0-9a-f]{8}[-_0-9a-f]*(?:\.slice)?\z")]
    private static partial Regex Pod();

    [GeneratedRegex(@"\A(?:systemd-nspawn@(?<name>.+)\.service|machine-(?<name>.+)\.scope)\z")]
    private static partial Regex Machine();

    [GeneratedRegex(@"\Auser@(?<user>[0-9]{1,10})\.service\z")]
    private static partial Regex UserManager();

    // Not slices: they contain units, not processes.
    [GeneratedRegex(@"\A.+\.(?:service|scope|socket|mount|swap)\z")]
    private static partial Regex Unit();

    [GeneratedRegex(@"\\x(?<byte>[0-9a-f]{2})")]
    private static partial Regex EscapedByte();
}
