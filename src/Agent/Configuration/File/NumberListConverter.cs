using System.Text.Json;
using System.Text.Json.Serialization;

namespace Agent.Configuration.File;

/// <summary>Reads a list of numbers, each as it is written.</summary>
internal sealed class NumberListConverter : JsonConverter<List<string>>
{
    public override List<string> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw new JsonException("a list of numbers is expected here");
        }

        List<string> numbers = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            numbers.Add(reader.TokenType == JsonTokenType.Number
                ? NumberOrTextConverter.NumberOf(ref reader)
                : throw new JsonException("the list must hold numbers and nothing else"));
        }

        return numbers;
    }

    public override void Write(Utf8JsonWriter writer, List<string> value, JsonSerializerOptions options) =>
        throw new NotSupportedException("configuration is read and not written");
}
