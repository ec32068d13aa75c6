using System.Text.Json;

namespace Agent.Configuration.File;

/// <summary>In which line each key of a JSON text stands, by names such as <c>watches[0].limit</c>.</summary>
internal sealed class KeyLines
{
    private readonly Dictionary<string, int> _lines = [];

    /// <exception cref="JsonException">The text is not JSON, has a key twice, or a null below the outermost value.</exception>
    internal KeyLines(ReadOnlySpan<byte> text)
    {
        Utf8JsonReader reader = new(
            text, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        LineCounter counter = new(text);
        // What encloses the current token: its key, and how many values it has had where it is a list.
        Stack<(string Key, int Index)> enclosing = [];
        string key = "";
        while (reader.Read())
        {
            Outermost = Outermost == JsonTokenType.None ? reader.TokenType : Outermost;
            int line = counter.LineOf((int)reader.TokenStartIndex);
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    string name = TextOf(in reader, line);
                    key = enclosing.Peek().Key is { Length: > 0 } outer ? $"{outer}.{name}" : name;
                    if (!_lines.TryAdd(key, line))
                    {
                        throw new JsonException("named twice", key, line - 1, null);
                    }

                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    enclosing.Pop();
                    key = Following(enclosing);
                    break;
                case JsonTokenType.Null when key.Length > 0:
                    // A key without a value is half an edit: the default would take the place of what was meant.
                    throw new JsonException("null is not a value; give one, or remove this", key, line - 1, null);
                default:
                    if (reader.TokenType == JsonTokenType.String)
                    {
                        _ = TextOf(in reader, line);
                    }

                    _lines.TryAdd(key, line);
                    if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
                    {
                        enclosing.Push((key, reader.TokenType == JsonTokenType.StartArray ? 0 : -1));
                        key = reader.TokenType == JsonTokenType.StartArray ? $"{key}[0]" : key;
                    }
                    else
                    {
                        key = Following(enclosing);
                    }

                    break;
            }
        }
    }

    /// <summary>What the whole is: the beginning of an object where it is a configuration.</summary>
    internal JsonTokenType Outermost { get; }

    /// <summary>The line, from 1 on, of the key, or of the nearest one that encloses it.</summary>
    internal int LineOf(string key)
    {
        int line;
        while (!_lines.TryGetValue(key, out line) && key.Length > 0)
        {
            key = key[..Math.Max(key.LastIndexOfAny(['.', '[']), 0)];
        }

        return Math.Max(line, 1);
    }

    private static string TextOf(in Utf8JsonReader reader, int line)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // An escape such as \ud800 alone is JSON, and no character.
            throw new JsonException("a text has half a character in it", null, line - 1, null);
        }
    }

    /// <summary>The key of the value that comes next: in a list, and only there, it follows from the one before.</summary>
    private static string Following(Stack<(string Key, int Index)> enclosing)
    {
        if (!enclosing.TryPop(out (string Key, int Index) list))
        {
            return "";
        }

        if (list.Index >= 0)
        {
            list.Index++;
        }

        enclosing.Push(list);
        return list.Index >= 0 ? $"{list.Key}[{list.Index}]" : list.Key;
    }

    /// <summary>Counts lines up to positions that only go forward.</summary>
    private ref struct LineCounter(ReadOnlySpan<byte> text)
    {
        private readonly ReadOnlySpan<byte> _text = text;
        private int _position;
        private int _line = 1;

        internal int LineOf(int position)
        {
            _line += _text[_position..position].Count((byte)'\n');
            _position = position;
            return _line;
        }
    }
}
