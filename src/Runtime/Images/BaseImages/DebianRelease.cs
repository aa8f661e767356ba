using System.Collections.Immutable;

namespace Kleene.Build.Runtime.Images.BaseImages;

/// <summary>What this machine runs, as far as an image of the same can be made (os-release(5)).</summary>
/// <param name="Id"><c>debian</c>, <c>ubuntu</c>, or what else is built from packages in the same way.</param>
/// <param name="Version">Such as <c>12</c>; empty in Debian's testing and unstable.</param>
/// <param name="Codename">Such as <c>bookworm</c>.</param>
/// <param name="Sources">Lines of sources.list(5).</param>
internal sealed record DebianRelease(string Id, string Version, string Codename, ImmutableArray<string> Sources)
{
    public string ImageName => $"{Id}:{(Version.Length > 0 ? Version : Codename)}";

    /// <param name="hostRoot"><c>/</c>, but for tests.</param>
    /// <exception cref="KleeneException">It is another system.</exception>
    public static DebianRelease Read(string hostRoot)
    {
        var path = Path.Join(hostRoot, "etc/os-release");
        if (!File.Exists(path))
        {
            throw Unknown("this system");
        }

        var fields = File.ReadLines(path)
            .Select(line => line.Split('=', 2))
            .Where(pair => pair.Length == 2)
            .ToLookup(pair => pair[0].Trim(), pair => pair[1].Trim().Trim('"', '\''));
        var id = fields["ID"].FirstOrDefault("");
        var codename = fields["VERSION_CODENAME"].FirstOrDefault("");
        if (id is not ("debian" or "ubuntu" or "raspbian" or "devuan") || codename.Length == 0 || !codename.All(char.IsAsciiLetterLower))
        {
            throw Unknown($"'{fields["PRETTY_NAME"].FirstOrDefault(id)}'");
        }

        return new DebianRelease(id, fields["VERSION_ID"].FirstOrDefault(""), codename, AptSources.Read(Path.Join(hostRoot, "etc/apt"), codename));
    }

    private static KleeneException Unknown(string system) =>
        new($"a base image can be made from Debian and its kin only, and this is {system}; use 'kleene image create fetch' with an archive of a root file system");
}
