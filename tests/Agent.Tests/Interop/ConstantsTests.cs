using System.Globalization;
using System.Reflection;
using Agent.Metrics;
using Testing;

namespace Agent.Tests.Interop;

/// <summary>Holds every constant of the folders called Interop in src/Agent against the C compiler, by name.</summary>
public sealed class ConstantsTests
{
    private const string Headers = """
        #define _GNU_SOURCE
        #include <errno.h>
        #include <fcntl.h>
        #include <stdio.h>
        #include <sys/file.h>
        """;

    private static readonly Type[] InteropTypes =
        [.. typeof(BuildInformation).Assembly.GetTypes().Where(type => type.Namespace?.EndsWith(".Interop", StringComparison.Ordinal) == true)];

    private static readonly FieldInfo[] Constants =
    [
        .. InteropTypes.SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.NonPublic))
            .Where(field => field.IsLiteral && !field.IsPrivate).DistinctBy(field => (field.Name, field.GetRawConstantValue())),
    ];

    [Fact]
    public async Task Constants_are_those_of_the_C_compiler()
    {
        string gcc = Requires.Program("gcc", "gcc libc6-dev");
        using Scratch scratch = new();
        string lines = string.Concat(Constants.Select(constant => $"printf(\"{constant.Name} %lld\\n\", (long long)({constant.Name}));\n"));
        await File.WriteAllTextAsync(
            scratch["constants.c"], $"{Headers}\nint main(void)\n{{\n{lines}return 0;\n}}\n", TestContext.Current.CancellationToken);
        (int compiled, string complaint) = await Tool.Run(gcc, ["-o", scratch["constants"], scratch["constants.c"]]);
        Assert.True(compiled == 0, complaint);

        Assert.Equal(
            (0, string.Concat(Constants.Select(constant => string.Create(CultureInfo.InvariantCulture, $"{constant.Name} {constant.GetRawConstantValue()}\n")))),
            await Tool.Run(scratch["constants"], []));
    }

    [Fact]
    public void What_is_tested_is_not_empty() => Assert.Contains(Constants, constant => constant.Name == "O_NOFOLLOW");

    [Fact]
    public void There_is_no_struct_that_this_would_not_see() => Assert.DoesNotContain(InteropTypes, type => type.IsValueType);
}
