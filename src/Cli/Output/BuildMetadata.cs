using System.Text.Json;
using Kleene.Build.Runtime.Images;

namespace Kleene.Build.Cli.Output;

/// <summary>Writes what a build made as JSON, for <c>--metadata-file</c>; the keys that buildx has too mean the same.</summary>
internal static class BuildMetadata
{
    public static void Write(string path, Image image)
    {
        using var file = File.Create(path);
        using var json = new Utf8JsonWriter(file, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteString("image.name", string.Join(',', image.Names));
        json.WriteString("kleene.image", image.Id);
        json.WriteString("kleene.snapshot", $"@{image.Snapshot}");
        json.WriteString("kleene.key", image.Key);
        json.WriteString("kleene.created", image.Created);
        json.WriteEndObject();
    }
}
