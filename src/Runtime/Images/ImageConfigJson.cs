using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace Kleene.Build.Runtime.Images;

/// <summary>
/// Reads and writes the configuration of an image by hand: every build and every start of a container reads one, and to prepare the serializer
/// for it takes longer than all else that the database is asked. Configurations are compared as text, so what is written never changes.
/// </summary>
internal static class ImageConfigJson
{
    /// <summary>What it does not know is passed over, and null is as if it were not there.</summary>
    /// <exception cref="JsonException">The text is no JSON, or something in it is of another kind.</exception>
    public static ImageConfig Read(string json)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
        reader.Read();
        Expect(ref reader, JsonTokenType.StartObject);
        var config = new ImageConfig();
        while (TryReadName(ref reader, out var name))
        {
            config = name switch
            {
                nameof(ImageConfig.Platform) => config with { Platform = ReadText(ref reader) },
                nameof(ImageConfig.Author) => config with { Author = ReadText(ref reader) },
                nameof(ImageConfig.Env) => config with { Env = ReadTexts(ref reader) },
                nameof(ImageConfig.Cmd) => config with { Cmd = ReadTexts(ref reader) },
                nameof(ImageConfig.Entrypoint) => config with { Entrypoint = ReadTexts(ref reader) },
                nameof(ImageConfig.User) => config with { User = ReadText(ref reader) ?? "" },
                nameof(ImageConfig.WorkingDir) => config with { WorkingDir = ReadText(ref reader) ?? "" },
                nameof(ImageConfig.ExposedPorts) => config with { ExposedPorts = ReadNames(ref reader) },
                nameof(ImageConfig.Volumes) => config with { Volumes = ReadNames(ref reader) },
                nameof(ImageConfig.Labels) => config with { Labels = ReadLabels(ref reader) },
                nameof(ImageConfig.StopSignal) => config with { StopSignal = ReadText(ref reader) ?? "" },
                nameof(ImageConfig.Healthcheck) => config with { Healthcheck = ReadHealthcheck(ref reader) },
                nameof(ImageConfig.Shell) => config with { Shell = ReadTexts(ref reader) },
                nameof(ImageConfig.OnBuild) => config with { OnBuild = ReadTexts(ref reader) },
                _ => Skip(ref reader, config),
            };
        }

        return reader.Read() ? throw Unexpected(ref reader) : config;
    }

    public static string Write(ImageConfig config)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            WriteUnlessNull(json, nameof(config.Platform), config.Platform);
            WriteUnlessNull(json, nameof(config.Author), config.Author);
            Write(json, nameof(config.Env), config.Env);
            Write(json, nameof(config.Cmd), config.Cmd);
            Write(json, nameof(config.Entrypoint), config.Entrypoint);
            json.WriteString(nameof(config.User), config.User);
            json.WriteString(nameof(config.WorkingDir), config.WorkingDir);
            Write(json, nameof(config.ExposedPorts), config.ExposedPorts);
            Write(json, nameof(config.Volumes), config.Volumes);
            json.WriteStartObject(nameof(config.Labels));
            foreach (var (name, value) in config.Labels)
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
            json.WriteString(nameof(config.StopSignal), config.StopSignal);
            if (config.Healthcheck is { } check)
            {
                Write(json, check);
            }

            Write(json, nameof(config.Shell), config.Shell);
            Write(json, nameof(config.OnBuild), config.OnBuild);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter json, ImageHealthcheck check)
    {
        json.WriteStartObject(nameof(ImageConfig.Healthcheck));
        Write(json, nameof(check.Test), check.Test);
        WriteUnlessZero(json, nameof(check.Interval), check.Interval);
        WriteUnlessZero(json, nameof(check.Timeout), check.Timeout);
        WriteUnlessZero(json, nameof(check.StartPeriod), check.StartPeriod);
        WriteUnlessZero(json, nameof(check.StartInterval), check.StartInterval);
        WriteUnlessZero(json, nameof(check.Retries), check.Retries);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, ImmutableArray<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, string name, SortedDictionary<string, EmptyObject> names)
    {
        json.WriteStartObject(name);
        foreach (var entry in names)
        {
            json.WriteStartObject(entry.Key);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteUnlessNull(Utf8JsonWriter json, string name, string? text)
    {
        if (text is not null)
        {
            json.WriteString(name, text);
        }
    }

    private static void WriteUnlessZero(Utf8JsonWriter json, string name, long number)
    {
        if (number != 0)
        {
            json.WriteNumber(name, number);
        }
    }

    private static ImageHealthcheck? ReadHealthcheck(ref Utf8JsonReader reader)
    {
        if (IsNull(ref reader))
        {
            return null;
        }

        Expect(ref reader, JsonTokenType.StartObject);
        var check = new ImageHealthcheck();
        while (TryReadName(ref reader, out var name))
        {
            check = name switch
            {
                nameof(check.Test) => check with { Test = ReadTexts(ref reader) },
                nameof(check.Interval) => check with { Interval = ReadNumber(ref reader) },
                nameof(check.Timeout) => check with { Timeout = ReadNumber(ref reader) },
                nameof(check.StartPeriod) => check with { StartPeriod = ReadNumber(ref reader) },
                nameof(check.StartInterval) => check with { StartInterval = ReadNumber(ref reader) },
                nameof(check.Retries) => check with { Retries = (int)ReadNumber(ref reader) },
                _ => Skip(ref reader, check),
            };
        }

        return check;
    }

    private static ImmutableArray<string> ReadTexts(ref Utf8JsonReader reader)
    {
        if (IsNull(ref reader))
        {
            return [];
        }

        Expect(ref reader, JsonTokenType.StartArray);
        var texts = ImmutableArray.CreateBuilder<string>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            texts.Add(ReadText(ref reader) ?? throw Unexpected(ref reader));
        }

        return texts.DrainToImmutable();
    }

    /// <summary>Of each port and volume only the name means anything.</summary>
    private static SortedDictionary<string, EmptyObject> ReadNames(ref Utf8JsonReader reader)
    {
        var names = new SortedDictionary<string, EmptyObject>(StringComparer.Ordinal);
        if (!IsNull(ref reader))
        {
            Expect(ref reader, JsonTokenType.StartObject);
            while (TryReadName(ref reader, out var name))
            {
                names[name] = Skip(ref reader, new EmptyObject());
            }
        }

        return names;
    }

    private static SortedDictionary<string, string> ReadLabels(ref Utf8JsonReader reader)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (!IsNull(ref reader))
        {
            Expect(ref reader, JsonTokenType.StartObject);
            while (TryReadName(ref reader, out var name))
            {
                labels[name] = ReadText(ref reader) ?? "";
            }
        }

        return labels;
    }

    /// <summary>Goes to the value of the next property of an object; false at its end.</summary>
    private static bool TryReadName(ref Utf8JsonReader reader, out string name)
    {
        name = "";
        reader.Read();
        if (reader.TokenType == JsonTokenType.EndObject)
        {
            return false;
        }

        name = reader.GetString() ?? "";
        return reader.Read();
    }

    private static string? ReadText(ref Utf8JsonReader reader)
    {
        if (IsNull(ref reader))
        {
            return null;
        }

        Expect(ref reader, JsonTokenType.String);
        return reader.GetString();
    }

    private static long ReadNumber(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.Number);
        return reader.TryGetInt64(out var number) ? number : throw Unexpected(ref reader);
    }

    private static T Skip<T>(ref Utf8JsonReader reader, T unchanged)
    {
        reader.Skip();
        return unchanged;
    }

    private static bool IsNull(ref Utf8JsonReader reader) => reader.TokenType == JsonTokenType.Null;

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType type)
    {
        if (reader.TokenType != type)
        {
            throw Unexpected(ref reader);
        }
    }

    private static JsonException Unexpected(ref Utf8JsonReader reader) =>
        new($"an image configuration has a {reader.TokenType} at byte {reader.TokenStartIndex}, where something else has to be");
}
