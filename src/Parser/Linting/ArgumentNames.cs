using System.Collections.Immutable;

namespace Kleene.Build.Parser.Linting;

/// <summary>What the name of an argument says of its use.</summary>
internal static class ArgumentNames
{
    private static readonly ImmutableHashSet<string> New =
    [
        "COMMIT", "SHA", "SHA1", "REVISION", "REV", "DATE", "TIME", "TIMESTAMP", "BRANCH", "CACHEBUST", "CACHE_BUST", "BUILD", "BUILDNUMBER", "RELEASE",
    ];

    private static readonly ImmutableHashSet<string> NewWhole = ["VERSION", "APP_VERSION", "BUILD_VERSION", "BUILD_ID", "BUILD_NUMBER", "GIT_REF", "GIT_TAG"];

    // Read from the environment by programs that no line of the file names with them.
    private static readonly ImmutableArray<string> ToolPrefixes =
    [
        "TARGET", "BUILDKIT_", "GO", "CGO_", "PIP_", "PYTHON", "UV_", "POETRY_", "NPM_", "NODE_", "YARN_", "CARGO_", "RUST", "MAVEN_", "GRADLE_", "JAVA_",
        "COMPOSER_", "BUNDLE_", "GEM_", "RAILS_", "DOTNET_", "NUGET_", "CMAKE_", "LC_", "APT_", "DEBIAN_", "SOURCE_DATE_EPOCH", "HF_", "CI",
    ];

    private static readonly ImmutableHashSet<string> Tools =
    [
        "BUILDPLATFORM", "BUILDOS", "BUILDARCH", "BUILDVARIANT", "CC", "CXX", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "MAKEFLAGS", "TZ", "LANG",
        "LANGUAGE", "PATH", "HOME", "USER", "TERM", "EDITOR",
    ];

    public static bool IsForTools(string name) =>
        Tools.Contains(name) || name.EndsWith("_proxy", StringComparison.OrdinalIgnoreCase)
        || ToolPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal));

    public static bool IsNewInEachBuild(string name) => NewWhole.Contains(name) || name.Split('_').Any(New.Contains);
}
