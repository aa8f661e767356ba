using System.CommandLine;

namespace Kleene.Build.Cli.Commands;

/// <summary>The options that every list has.</summary>
internal static class ListOptions
{
    public static (Option<string> Format, Option<bool> Quiet) Create() =>
        (new Option<string>("--format") { Description = "table, json or a template such as {{.name}}", HelpName = "FORMAT", DefaultValueFactory = _ => "table" },
            new Option<bool>("--quiet", "-q") { Description = "only ids" });
}
