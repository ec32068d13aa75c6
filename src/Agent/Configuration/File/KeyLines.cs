using System.Text.Json;

namespace Agent.Configuration.File;

/// <summary>The line of each key of a JSON text. Keys have names such as <c>watches[0].limit</c>.</summary>
internal sealed class KeyLines
{
    private readonly Dictionary<string, int> _lines = [];

    /// <exception cref="JsonException">
    /// The text is not JSON, contains a key twice, contains a null inside the outermost value, or has a password. The message never contains the password.
    /// </exception>
    internal KeyLines(ReadOnlySpan<byte> text)
    {
        Utf8JsonReader reader = new(
            text, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        LineCounter counter = new(text);
        // The objects and lists around the current token: their keys, and for a list the index of the next value, -1 for an object.
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
                    if (name.Equals("pass", StringComparison.OrdinalIgnoreCase) || name.Equals("password", StringComparison.OrdinalIgnoreCase))
                    {
                        // Before its value is read: the error of a value that is not JSON quotes it.
                        throw new JsonException(
                            "a password does not belong in this file; write it into another file or a variable, and name that with passwordFile or passwordVariable",
                            key, line - 1, null);
                    }

                    if (!_lines.TryAdd(key, line))
                    {
                        throw new JsonException("the key appears twice; remove one of them", key, line - 1, null);
                    }

                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    enclosing.Pop();
                    key = Following(enclosing);
                    break;
                case JsonTokenType.Null when key.Length > 0:
                    // A null is probably an unfinished edit. The default must not silently replace the intended value.
                    throw new JsonException("null is not allowed; give a value, or remove this", key, line - 1, null);
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

    /// <summary>The kind of the outermost value. A configuration is an object.</summary>
    internal JsonTokenType Outermost { get; }

    /// <summary>The line of the key, or of the nearest key around it. The first line is 1.</summary>
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
            // JSON allows a lone escape such as \ud800, but it is not a character.
            throw new JsonException("a string contains half of a surrogate pair; write both escapes, such as \\ud83d\\ude00", null, line - 1, null);
        }
    }

    /// <summary>The key of the next value. In a list it follows from the value before; in an object the next token names it.</summary>
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

    /// <summary>Counts the lines up to a position. Each position must be behind the last one.</summary>
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
