using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Testing;

namespace Netlink.Tests.Interop;

/// <summary>
/// Compares every struct and constant of C, by name, with the C compiler and the kernel's headers for each processor: those of src/Netlink/Interop, and
/// those that the product uses from Tmds.LibC. The tests find additions by themselves.
/// </summary>
public sealed class LayoutTests
{
    private const string Headers = """
        #define _GNU_SOURCE
        #include <dirent.h>
        #include <errno.h>
        #include <fcntl.h>
        #include <netinet/in.h>
        #include <netinet/tcp.h>
        #include <poll.h>
        #include <sched.h>
        #include <signal.h>
        #include <stddef.h>
        #include <sys/file.h>
        #include <sys/socket.h>
        #include <sys/stat.h>
        #include <sys/syscall.h>
        #include <sys/time.h>
        #include <linux/inet_diag.h>
        #include <linux/netlink.h>
        #include <linux/sock_diag.h>
        #include <linux/unix_diag.h>
        """;

    private static readonly Type[] InteropTypes = [.. typeof(NetlinkException).Assembly.GetTypes().Where(type => type.Namespace == "Netlink.Interop")];

    private static readonly Type[] OwnStructs =
        [.. InteropTypes.Where(type => type.IsValueType && !type.IsNested && !type.IsDefined(typeof(InlineArrayAttribute)))];

    [Theory]
    [InlineData("linux-x64", "x86_64-linux-gnu-gcc", "gcc libc6-dev")]
    [InlineData("linux-arm64", "aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu libc6-dev-arm64-cross")]
    public async Task Structs_and_constants_match_the_C_compiler(string processor, string compiler, string debianPackages)
    {
        string gcc = Requires.Program(compiler, debianPackages);
        using PackageAssembly package = new(processor);
        string assertions = string.Concat(
        [
            .. OwnStructs.Concat(package.UsedStructs).SelectMany(AssertionsOn),
            .. OwnConstants().Concat(package.UsedConstants).Select(constant => StaticAssertion(constant.Name, constant.Value)),
        ]);

        // Nothing is run, so a compiler for another processor works too.
        (int exitCode, string complaint) = await Tool.Run(gcc, ["-fsyntax-only", "-x", "c", "-"], $"{Headers}\n{assertions}");

        Assert.True(exitCode == 0, complaint);
    }

    [Fact]
    public void Constants_that_differ_between_processors_come_from_the_package()
    {
        using PackageAssembly x64 = new("linux-x64");
        using PackageAssembly arm64 = new("linux-arm64");

        Assert.Equal(("O_NOFOLLOW", 0x20000L), x64.UsedConstants.Single(constant => constant.Name == "O_NOFOLLOW"));
        Assert.Equal(("O_NOFOLLOW", 0x8000L), arm64.UsedConstants.Single(constant => constant.Name == "O_NOFOLLOW"));
    }

    [Fact]
    public void Tested_structs_and_constants_are_those_that_the_product_uses()
    {
        using PackageAssembly package = new("linux-x64");

        Assert.Contains(OwnStructs, type => type.Name == "inet_diag_msg");
        Assert.Contains(OwnConstants(), constant => constant.Name == "TCPDIAG_GETSOCK");
        Assert.Contains(OwnStructs, type => type.Name == "unix_diag_msg");
        Assert.Contains(OwnConstants(), constant => constant.Name == "UNIX_DIAG_VFS");
        Assert.Contains(package.UsedStructs, type => type.Name == "statx");
        Assert.Contains(package.UsedConstants, constant => constant.Name == "SO_RCVTIMEO");
    }

    [Fact]
    public void Interop_does_not_repeat_what_the_package_has()
    {
        using PackageAssembly package = new("linux-x64");

        Assert.Empty(OwnConstants().Select(constant => constant.Name).Intersect(package.Constants));
        Assert.Empty(OwnStructs.Select(type => type.Name).Intersect(package.Structs));
        Assert.Empty(OwnImports().Select(import => import.Name).Intersect(package.Functions));
    }

    [Fact]
    public void Structs_constants_and_imports_of_C_are_only_in_Interop()
    {
        // In other places, the tests above would not find them.
        Assert.NotEmpty(OwnImports());
        Assert.All(OwnImports(), import => Assert.Equal("Netlink.Interop", import.Where.Namespace));
        Assert.DoesNotContain(
            ProductTypes(), type => type.IsValueType && type.Namespace != "Netlink.Interop" && char.IsLower(type.Name[0]));
    }

    [Fact]
    public void Functions_of_the_package_are_called_only_by_the_library()
    {
        Assert.Contains("statx", PackageAssembly.FunctionsCalledBy(typeof(NetlinkException).Assembly));
        Assert.Empty(PackageAssembly.FunctionsCalledBy(Assembly.Load("agent")));
    }

    private static IEnumerable<Type> ProductTypes() => PackageAssembly.Product.SelectMany(assembly => assembly.GetTypes());

    private static IEnumerable<(string Name, long Value)> OwnConstants() => InteropTypes
        .Where(type => type.Name.EndsWith("_h", StringComparison.Ordinal))
        .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.NonPublic))
        .Select(field => (field.Name, Convert.ToInt64(field.GetRawConstantValue(), CultureInfo.InvariantCulture)));

    private static IEnumerable<(string Name, Type Where)> OwnImports() =>
        from type in ProductTypes()
        from method in type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        let import = method.GetCustomAttribute<DllImportAttribute>()
        where import is not null
        select (import.EntryPoint ?? method.Name, type);

    private static IEnumerable<string> AssertionsOn(Type type)
    {
        // A name with this ending is a typedef.
        // The package's own name for a type without a name in C, then the names of C.
        string name = type.Name == "ulong_t" ? "unsigned long"
            : type.Name.EndsWith("_t", StringComparison.Ordinal) ? type.Name
            : $"struct {type.Name}";
        yield return StaticAssertion($"sizeof({name})", SizeOf(type));
        foreach (FieldInfo field in type.GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public).Where(IsOfC))
        {
            yield return StaticAssertion($"offsetof({name}, {field.Name})", (int)Marshal.OffsetOf(type, field.Name));
            yield return StaticAssertion($"sizeof((({name} *)0)->{field.Name})", SizeOf(field.FieldType));
        }
    }

    // The other fields are padding, or the C# compiler generated them for a property.
    private static bool IsOfC(FieldInfo field) => !field.Name.StartsWith('_') && !field.Name.StartsWith('<');

    private static string StaticAssertion(string expression, long value) =>
        $"_Static_assert((long long)({expression}) == {value}LL, \"{expression} is {value} in C#\");\n";

    private static int SizeOf(Type type) =>
        (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;
}
