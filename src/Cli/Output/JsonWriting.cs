using System.Text.Json;

namespace Kleene.Build.Cli.Output;

/// <summary>What our lists need beyond the JSON writer's own verbs.</summary>
internal static class JsonWriting
{
    extension(Utf8JsonWriter json)
    {
        public void WriteOptional(long? number)
        {
            if (number is { } value)
            {
                json.WriteNumberValue(value);
            }
            else
            {
                json.WriteNullValue();
            }
        }

        public void WritePairs(IEnumerable<KeyValuePair<string, string>> pairs)
        {
            json.WriteStartObject();
            foreach (var (name, value) in pairs)
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
        }

        public void WriteStrings(IEnumerable<string> texts)
        {
            json.WriteStartArray();
            foreach (var text in texts)
            {
                json.WriteStringValue(text);
            }

            json.WriteEndArray();
        }
    }
}
