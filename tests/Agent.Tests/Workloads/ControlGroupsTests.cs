using Agent.Workloads;

namespace Agent.Tests.Workloads;

public sealed class ControlGroupsTests
{
    private const string Id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const string OtherId = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
    private const string PodUid = "8f2d1c3a-1111-2222-3333-444455556666";
    private const string PodSlice = "kubepods-burstable-pod8f2d1c3a_1111_2222_3333_444455556666.slice";

    [Theory]
    [InlineData("/", "")]
    [InlineData("/system.slice/nginx.service", "nginx.service")]
    [InlineData("/system.slice/nginx.service/workers", "nginx.service")]
    [InlineData("/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service")]
    [InlineData(@"/system.slice/srv-a\x2db.mount", @"srv-a\x2db.mount")]
    [InlineData("/init.scope", "init.scope")]
    [InlineData("/user.slice/user-1000.slice/session-3.scope", "session-3.scope")]
    [InlineData("/user.slice/user-1000.slice/user@1000.service", "user@1000.service")]
    [InlineData("/user.slice/user-1000.slice/user@1000.service/init.scope", "init.scope of user 1000")]
    [InlineData("/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-firefox-77.scope", "app-gnome-firefox-77.scope of user 1000")]
    [InlineData("/user.slice/user-4294967294.slice/user@4294967294.service/app.slice/a.service", "a.service of user 4294967294")]
    [InlineData("/../../system.slice/consul.service", "consul.service")]
    [InlineData("/system.slice", "")]
    [InlineData("/mine/own", "")]
    [InlineData("/system.slice/a\u001b[31m.service", @"a\u001b[31m.service")]
    public void Unit_is_the_innermost_one(string path, string workload) =>
        Assert.Equal(workload, ControlGroups.Parse($"0::{path}\n").ToString());

    [Theory]
    [InlineData($"/system.slice/docker-{Id}.scope", "docker 0123456789ab")]
    [InlineData($"/docker/{Id}", "docker 0123456789ab")]
    [InlineData($"/../docker/{Id}", "docker 0123456789ab")]
    [InlineData($"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-{Id}.scope", "docker 0123456789ab")]
    [InlineData($"/machine.slice/libpod-{Id}.scope/container", "podman 0123456789ab")]
    [InlineData($"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{Id}.scope/container", "podman 0123456789ab")]
    [InlineData($"/machine.slice/libpod-payload-{Id}.scope", "podman 0123456789ab")]
    [InlineData($"/libpod_parent/libpod-{Id}", "podman 0123456789ab")]
    [InlineData($"/machine.slice/libpod-conmon-{Id}.scope", $"libpod-conmon-{Id}.scope")]
    [InlineData($"/system.slice/nerdctl-{Id}.scope", "nerdctl 0123456789ab")]
    [InlineData($"/kubepods.slice/kubepods-burstable.slice/{PodSlice}/cri-containerd-{Id}.scope", "containerd 0123456789ab")]
    [InlineData($"/kubepods.slice/kubepods-burstable.slice/{PodSlice}/crio-{Id}.scope", "cri-o 0123456789ab")]
    [InlineData($"/kubepods.slice/kubepods-burstable.slice/{PodSlice}/docker-{Id}.scope", "docker 0123456789ab")]
    [InlineData($"/kubepods/besteffort/pod{PodUid}/{Id}", "container 0123456789ab")]
    [InlineData($"/kubepods/pod{PodUid}/{Id}", "container 0123456789ab")]
    [InlineData($"/system.slice/containerd.service/{PodSlice}:cri-containerd:{Id}", "containerd 0123456789ab")]
    [InlineData($"/docker/{Id}/kubelet.slice/kubelet-{PodSlice}/cri-containerd-{OtherId}.scope", "containerd fedcba987654")]
    [InlineData($"/machine.slice/libpod-{Id}.scope/container/system.slice/httpd.service", "httpd.service in podman 0123456789ab")]
    [InlineData("/machine.slice/systemd-nspawn@web.service/payload/system.slice/consul.service", "consul.service in systemd-nspawn web")]
    [InlineData(@"/machine.slice/systemd-nspawn@my\x2dweb.service/payload", "systemd-nspawn my-web")]
    [InlineData("/machine.slice/systemd-nspawn@web.service/supervisor", "systemd-nspawn@web.service")]
    [InlineData("/machine.slice/machine-web.scope/payload/init.scope", "init.scope in systemd-nspawn web")]
    [InlineData(@"/machine.slice/machine-qemu\x2d1\x2dvm.scope/libvirt/emulator", @"machine-qemu\x2d1\x2dvm.scope")]
    [InlineData("/lxc/web", "lxc web")]
    [InlineData("/lxc.payload.web/system.slice/consul.service", "consul.service in lxc web")]
    [InlineData("/lxc.payload/web", "lxc web")]
    [InlineData("/lxc.monitor.web", "")]
    [InlineData("/system.slice/docker.service", "docker.service")]
    [InlineData("/system.slice/docker-abc.scope", "docker-abc.scope")]
    [InlineData($"/backup/{Id}", "")]
    public void Container_is_found_for_each_runtime(string path, string workload) =>
        Assert.Equal(workload, ControlGroups.Parse($"0::{path}\n").ToString());

    [Theory]
    [InlineData("nginx.service", "12:memory:/system.slice/nginx.service", "2:cpu,cpuacct:/", "1:name=systemd:/system.slice/nginx.service")]
    [InlineData("nginx.service", "12:memory:/elsewhere.service", "1:name=systemd:/system.slice/nginx.service")]
    [InlineData("docker 0123456789ab", $"12:pids:/docker/{Id}", "4:rdma:/", $"1:name=systemd:/docker/{Id}", "0::/system.slice/containerd.service")]
    [InlineData("docker 0123456789ab", "12:pids:/system.slice/docker.service", $"1:name=systemd:/docker/{Id}")]
    [InlineData("nginx.service", "5:net_cls:/", "1:name=systemd:/", "0::/system.slice/nginx.service")]
    [InlineData("a.service", "3:name=weird:x:/b:c", "0::/system.slice/a.service")]
    [InlineData("", "1:name=systemd:/", "0::/")]
    [InlineData("", "nonsense")]
    [InlineData("")]
    public void Container_comes_from_any_hierarchy_and_the_unit_from_those_of_systemd(string workload, params string[] lines) =>
        Assert.Equal(workload, ControlGroups.Parse(string.Join('\n', lines)).ToString());

    [Fact]
    public void Id_of_a_container_is_kept_whole()
    {
        Workload workload = ControlGroups.Parse($"0::/system.slice/docker-{Id}.scope");
        Assert.Equal(new Workload(null, null, new Container("docker", Id)), workload);
    }
}
