using System.Collections.Immutable;

namespace Kleene.Build.Runtime.Images.BaseImages;

/// <summary>
/// Where this machine gets the packages of its own release from (sources.list(5)): an image of the same release can be made from
/// there, also where the public mirrors cannot be reached. Other vendors' repositories stay out of the image.
/// </summary>
internal static class AptSources
{
    /// <summary>In the one-line form, one source a line. None when nothing usable is configured.</summary>
    /// <param name="etcApt"><c>/etc/apt</c>.</param>
    /// <param name="codename">The release's name, such as <c>bookworm</c>.</param>
    public static ImmutableArray<string> Read(string etcApt, string codename)
    {
        var sources = new List<Source>();
        var list = Path.Join(etcApt, "sources.list");
        if (File.Exists(list))
        {
            sources.AddRange(File.ReadLines(list).Select(ParseLine).OfType<Source>());
        }

        var parts = Path.Join(etcApt, "sources.list.d");
        foreach (var file in Directory.Exists(parts) ? Directory.GetFiles(parts) : [])
        {
            sources.AddRange(Path.GetExtension(file) switch
            {
                ".list" => File.ReadLines(file).Select(ParseLine).OfType<Source>(),
                ".sources" => ParseStanzas(File.ReadAllText(file)),
                _ => [],
            });
        }

        // In an order that does not depend on the directory's.
        return [.. sources.SelectMany(source => Lines(source, codename)).Distinct().Order(StringComparer.Ordinal)];
    }

    /// <summary><c>deb [option=value ...] address suite component ...</c></summary>
    private static Source? ParseLine(string line)
    {
        var text = line.Split('#')[0].Trim();
        var options = "";
        if (text.IndexOf('[', StringComparison.Ordinal) is >= 0 and var open && text.IndexOf(']', StringComparison.Ordinal) is var close && close > open)
        {
            options = text[(open + 1)..close];
            text = text[..open] + text[(close + 1)..];
        }

        var signedBy = Words(options).FirstOrDefault(option => option.StartsWith("signed-by=", StringComparison.OrdinalIgnoreCase))?["signed-by=".Length..];
        return Words(text) is ["deb", var address, var suite, .. var components] ? new Source([address], [suite], [.. components], signedBy) : null;
    }

    /// <summary>deb822(5): fields of several words, continued on lines that begin with a blank; stanzas end at an empty line.</summary>
    private static IEnumerable<Source> ParseStanzas(string text)
    {
        var fields = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var last = "";
        foreach (var line in text.Split('\n').Append(""))
        {
            if (line.StartsWith('#'))
            {
                continue;
            }

            if (line.Trim().Length == 0)
            {
                if (ToSource(fields) is { } source)
                {
                    yield return source;
                }

                fields.Clear();
            }
            else if (char.IsWhiteSpace(line[0]))
            {
                fields[last] = $"{fields.GetValueOrDefault(last)}\n{line.Trim()}";
            }
            else if (line.Split(':', 2) is [var name, var value])
            {
                last = name.Trim();
                fields[last] = value.Trim();
            }
        }
    }

    private static Source? ToSource(Dictionary<string, string> fields)
    {
        ImmutableArray<string> Field(string name) => [.. Words(fields.GetValueOrDefault(name, ""))];

        var isEnabled = !fields.GetValueOrDefault("Enabled", "yes").Equals("no", StringComparison.OrdinalIgnoreCase);
        var signedBy = fields.GetValueOrDefault("Signed-By");
        return isEnabled && Field("Types").Contains("deb") ? new Source(Field("URIs"), Field("Suites"), Field("Components"), signedBy) : null;
    }

    private static IEnumerable<string> Lines(Source source, string codename)
    {
        // A key in the file itself has no one-line form, and belongs to another vendor anyway.
        var isOfTheDistribution = source.SignedBy is null || source.SignedBy.Contains("-archive-keyring.", StringComparison.Ordinal);
        if (!isOfTheDistribution || !source.Components.Contains("main"))
        {
            return [];
        }

        var option = source.SignedBy is { } keyring ? $"[signed-by={keyring}] " : "";
        return from address in source.Addresses.SelectMany(Servers)
               from suite in source.Suites
               where suite == codename || suite.StartsWith(codename + "-", StringComparison.Ordinal) || suite.StartsWith(codename + "/", StringComparison.Ordinal)
               select $"deb {option}{address} {suite} {string.Join(' ', source.Components)}";
    }

    /// <summary>What an image can reach. Cloud images of Debian name their mirrors in a file, which the image would not have.</summary>
    private static IEnumerable<string> Servers(string address)
    {
        const string MirrorFile = "mirror+file:";
        if (address.StartsWith(MirrorFile, StringComparison.Ordinal))
        {
            var file = "/" + address[MirrorFile.Length..].TrimStart('/');
            return File.Exists(file) ? File.ReadLines(file).SelectMany(line => Words(line.Split('#')[0]).Take(1)).Where(IsServer).Take(1) : [];
        }

        return IsServer(address) ? [address] : [];
    }

    private static bool IsServer(string address) =>
        address.StartsWith("http://", StringComparison.Ordinal) || address.StartsWith("https://", StringComparison.Ordinal);

    private static string[] Words(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    private sealed record Source(ImmutableArray<string> Addresses, ImmutableArray<string> Suites, ImmutableArray<string> Components, string? SignedBy);
}
