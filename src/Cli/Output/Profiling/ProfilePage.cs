using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Kleene.Build.Cli.Output.Profiling;

/// <summary>The page of <c>build --profile FILE.html</c>: one file that needs no other, with all that is to be shown as JSON in it.</summary>
internal static class ProfilePage
{
    /// <summary>Where the data belong.</summary>
    private const string Place = "{{data}}";

    public static void Write(Stream stream, ProfiledBuild build)
    {
        using var template = typeof(ProfilePage).Assembly.GetManifestResourceStream("profile.html")
            ?? throw new InvalidOperationException("the page of profiles is not in the program");
        using var reader = new StreamReader(template, Encoding.UTF8);
        var page = reader.ReadToEnd();
        var place = page.IndexOf(Place, StringComparison.Ordinal);
        using var writer = new StreamWriter(stream, leaveOpen: true);
        writer.Write(page.AsSpan(0, place));
        writer.Write(Data(build));
        writer.Write(page.AsSpan(place + Place.Length));
    }

    /// <summary>Without a single character by which HTML could be left or entered: the default encoder escapes them all, and so whatever a Kleenefile says stays text.</summary>
    private static string Data(ProfiledBuild build)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            ProfileJson.Write(json, build);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
