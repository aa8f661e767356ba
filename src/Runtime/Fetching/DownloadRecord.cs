using System.Globalization;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Images;

namespace Kleene.Build.Runtime.Fetching;

/// <summary>What is remembered of an address: what it led to, and how to ask whether it still does.</summary>
/// <param name="Address">Without the password.</param>
internal sealed record DownloadRecord(string Address, Digest Digest, WebValidator Validator)
{
    private const string Version = "kleene download 1";

    public FileTime Modified => new(Validator.LastModified?.ToUnixTimeSeconds() ?? 0, 0);

    /// <summary>One value a line.</summary>
    public string Write() =>
        string.Join('\n', Version, Address, Digest, Validator.EntityTag, Validator.LastModified?.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture) ?? "", "");

    /// <summary>Null for what this version has not written, or not to its end.</summary>
    public static DownloadRecord? TryRead(string text)
    {
        if (text.Split('\n') is not [Version, var address, var digest, var tag, var time, ""] || !Digest.TryParse(digest, out var parsed))
        {
            return null;
        }

        DateTimeOffset? modified = long.TryParse(time, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds)
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : null;
        return new DownloadRecord(address, parsed, new WebValidator(tag, modified));
    }
}
