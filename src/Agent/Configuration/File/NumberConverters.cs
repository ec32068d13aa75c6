using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Agent.Configuration.File;

/// <summary>Reads a number or a string as text. <see cref="SettingParser"/> parses it later, as it parses options and variables.</summary>
internal sealed class NumberOrTextConverter : JsonConverter<string>
{
    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.Number => NumberOf(ref reader),
        JsonTokenType.String => reader.GetString(),
        _ => throw new JsonException("expected a number or a string in double quotes"),
    };

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);

    /// <summary>The number as it stands in the file.</summary>
    internal static string NumberOf(ref Utf8JsonReader reader) =>
        Encoding.UTF8.GetString(reader.HasValueSequence ? reader.ValueSequence.ToArray() : reader.ValueSpan);
}

/// <summary>Reads a list of numbers, each as text.</summary>
internal sealed class NumberListConverter : JsonConverter<List<string>>
{
    public override List<string> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw new JsonException("expected a list of numbers");
        }

        List<string> numbers = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            numbers.Add(reader.TokenType == JsonTokenType.Number
                ? NumberOrTextConverter.NumberOf(ref reader)
                : throw new JsonException("the list may contain only numbers"));
        }

        return numbers;
    }

    public override void Write(Utf8JsonWriter writer, List<string> value, JsonSerializerOptions options) =>
        throw new NotSupportedException("the configuration is never written");
}
