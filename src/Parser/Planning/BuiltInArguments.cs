using System.Collections.Immutable;

namespace Kleene.Build.Parser.Planning;

/// <summary>Build arguments that mean something without being declared.</summary>
internal static class BuiltInArguments
{
    /// <summary>Given to every RUN when they are passed; they say how the network is reached and not what is built.</summary>
    public static readonly ImmutableArray<string> Proxies =
    [
        "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "FTP_PROXY", "ftp_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy",
    ];

    /// <summary>What commands see as the name of the machine.</summary>
    public const string Hostname = "BUILDKIT_SANDBOX_HOSTNAME";

    /// <summary>Seconds since 1970 at which the image says it was made (reproducible-builds.org).</summary>
    public const string SourceDate = "SOURCE_DATE_EPOCH";

    /// <summary>Whether an argument speaks to the builder and so needs no ARG.</summary>
    public static bool IsForBuilder(string name) =>
        Proxies.Contains(name) || name.StartsWith("BUILDKIT_", StringComparison.Ordinal) || name is SourceDate;
}
