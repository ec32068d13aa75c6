using System.Globalization;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Runtime.Loader;

namespace Netlink.Tests.Interop;

/// <summary>Tmds.LibC for one processor, and those of its names that the product uses.</summary>
internal sealed class PackageAssembly : IDisposable
{
    private const string Namespace = "Tmds.Linux";
    private const string Getter = "get_";

    private readonly AssemblyLoadContext _context;
    private readonly Assembly _assembly;

    /// <param name="processor">A runtime identifier that the package has an assembly for.</param>
    internal PackageAssembly(string processor)
    {
        _context = new AssemblyLoadContext(processor, isCollectible: true);
        _assembly = _context.LoadFromAssemblyPath(
            Path.Combine(AppContext.BaseDirectory, "runtimes", processor, "lib", "netstandard2.0", "Tmds.LibC.dll"));
    }

    internal static Assembly[] Product { get; } = [typeof(NetlinkException).Assembly, Assembly.Load("agent")];

    internal IEnumerable<string> Functions => LibC.GetMethods().Select(method => method.Name);

    internal IEnumerable<string> Constants => LibC.GetProperties().Select(property => property.Name);

    internal IEnumerable<string> Structs => _assembly.GetTypes().Select(type => type.Name);

    /// <summary>The functions of the C library that an assembly of the product calls through the package.</summary>
    internal static IEnumerable<string> FunctionsCalledBy(Assembly assembly) =>
        UsedMembers(assembly).Where(member => !member.StartsWith(Getter, StringComparison.Ordinal));

    // syscall_arg is the package's name for the "..." of syscall(2).
    internal IEnumerable<Type> UsedStructs => UsedTypes().Where(type => type.IsValueType && type.Name != "syscall_arg");

    internal IEnumerable<(string Name, long Value)> UsedConstants =>
        from member in Product.SelectMany(UsedMembers).Distinct()
        where member.StartsWith(Getter, StringComparison.Ordinal) && member != "get_errno"
        let property = LibC.GetProperty(member[Getter.Length..])!
        select (property.Name, ToNumber(property.GetValue(null)!));

    public void Dispose() => _context.Unload();

    private Type LibC => _assembly.GetType($"{Namespace}.LibC", throwOnError: true)!;

    private IEnumerable<Type> UsedTypes() => Product.SelectMany(UsedTypeNames).Distinct().Select(name => _assembly.GetType(name, throwOnError: true)!);

    // A typedef of C is a struct with one field.
    private static long ToNumber(object value) => Convert.ToInt64(
        value is IConvertible ? value : value.GetType().GetFields(BindingFlags.Instance | BindingFlags.NonPublic).Single().GetValue(value),
        CultureInfo.InvariantCulture);

    private static List<string> UsedTypeNames(Assembly assembly) => Read(
        assembly,
        metadata =>
            [.. metadata.TypeReferences.Select(metadata.GetTypeReference)
                .Where(type => metadata.GetString(type.Namespace) == Namespace)
                .Select(type => $"{Namespace}.{metadata.GetString(type.Name)}")]);

    /// <returns>The methods of the package's class LibC that the assembly calls; a constant is a property's getter.</returns>
    private static List<string> UsedMembers(Assembly assembly) => Read(
        assembly,
        metadata =>
            [.. metadata.MemberReferences.Select(metadata.GetMemberReference)
                .Where(member => IsLibC(metadata, member.Parent))
                .Select(member => metadata.GetString(member.Name))]);

    private static bool IsLibC(MetadataReader metadata, EntityHandle parent) =>
        parent.Kind == HandleKind.TypeReference
        && metadata.GetTypeReference((TypeReferenceHandle)parent) is var type
        && metadata.GetString(type.Namespace) == Namespace
        && metadata.GetString(type.Name) == "LibC";

    private static List<string> Read(Assembly assembly, Func<MetadataReader, List<string>> read)
    {
        using PEReader file = new(File.OpenRead(assembly.Location));
        return read(file.GetMetadataReader());
    }
}
