using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Testing;

namespace Netlink.Tests.Interop;

/// <summary>
/// Holds every struct and every constant of src/Netlink/Interop against the C compiler and the kernel's headers, by name: what is added there
/// is tested here without another line.
/// </summary>
public sealed class LayoutTests
{
    private const string Headers = """
        #define _GNU_SOURCE
        #include <errno.h>
        #include <fcntl.h>
        #include <netinet/in.h>
        #include <sched.h>
        #include <stddef.h>
        #include <stdio.h>
        #include <sys/socket.h>
        #include <sys/stat.h>
        #include <sys/time.h>
        #include <linux/inet_diag.h>
        #include <linux/netlink.h>
        #include <linux/sock_diag.h>
        """;

    private static readonly Type[] InteropTypes =
        [.. typeof(NetlinkException).Assembly.GetTypes().Where(type => type.Namespace == "Netlink.Interop")];

    private static readonly Type[] Structs =
        [.. InteropTypes.Where(type => type.IsValueType && !type.IsDefined(typeof(InlineArrayAttribute)))];

    [Fact]
    public async Task Structs_and_constants_are_those_of_the_C_compiler()
    {
        string gcc = Requires.Program("gcc", "gcc libc6-dev");
        using Scratch scratch = new();
        await File.WriteAllTextAsync(scratch["layout.c"], CProgram(), TestContext.Current.CancellationToken);
        (int compiled, string complaint) = await Tool.Run(gcc, ["-o", scratch["layout"], scratch["layout.c"]]);
        Assert.True(compiled == 0, complaint);

        (_, string output) = await Tool.Run(scratch["layout"], []);

        Assert.Equal(ManagedView(), output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void What_is_tested_is_not_empty()
    {
        Assert.Contains(Structs, type => type.Name == "inet_diag_msg");
        Assert.Contains(Constants(), constant => constant.Name == "TCPDIAG_GETSOCK");
    }

    [Fact]
    public void Structs_that_mirror_the_kernel_are_nowhere_else()
    {
        // A C name outside of Interop would escape the test above.
        Assert.DoesNotContain(
            typeof(NetlinkException).Assembly.GetTypes(),
            type => type.IsValueType && type.Namespace != "Netlink.Interop" && char.IsLower(type.Name[0]));
    }

    private static IEnumerable<FieldInfo> Constants() =>
        InteropTypes.SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.NonPublic)).Where(field => field.IsLiteral && !field.IsPrivate);

    private static IEnumerable<FieldInfo> FieldsOf(Type type) =>
        type.GetFields(BindingFlags.Instance | BindingFlags.NonPublic).OrderBy(field => OffsetOf(type, field));

    private static string CProgram()
    {
        StringBuilder program = new(Headers + "\nint main(void)\n{\n");
        foreach (Type type in Structs)
        {
            program.AppendLine(CultureInfo.InvariantCulture, $"printf(\"struct {type.Name} %zu\\n\", sizeof(struct {type.Name}));");
            foreach (FieldInfo field in FieldsOf(type))
            {
                program.AppendLine(
                    CultureInfo.InvariantCulture,
                    $"printf(\"{type.Name}.{field.Name} %zu %zu\\n\", offsetof(struct {type.Name}, {field.Name}), sizeof(((struct {type.Name} *)0)->{field.Name}));");
            }
        }

        foreach (FieldInfo constant in Constants())
        {
            program.AppendLine(CultureInfo.InvariantCulture, $"printf(\"{constant.Name} %lld\\n\", (long long)({constant.Name}));");
        }

        return program.Append("return 0;\n}\n").ToString();
    }

    private static List<string> ManagedView()
    {
        List<string> lines = [];
        foreach (Type type in Structs)
        {
            lines.Add($"struct {type.Name} {SizeOf(type)}");
            lines.AddRange(FieldsOf(type).Select(field => $"{type.Name}.{field.Name} {OffsetOf(type, field)} {SizeOf(field.FieldType)}"));
        }

        lines.AddRange(Constants().Select(constant => $"{constant.Name} {constant.GetRawConstantValue()}"));
        return lines;
    }

    private static int SizeOf(Type type) =>
        (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;

    private static int OffsetOf(Type type, FieldInfo field) => (int)Marshal.OffsetOf(type, field.Name);
}
