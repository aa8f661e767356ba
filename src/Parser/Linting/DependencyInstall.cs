using System.Collections.Immutable;
using Kleene.Build.Parser.Linting.Shell;

namespace Kleene.Build.Parser.Linting;

/// <summary>A command that installs what a project depends on and reads no more of it than the files that list it.</summary>
/// <param name="Name">The tool.</param>
/// <param name="Command">The command in short.</param>
/// <param name="Advice">What to do.</param>
internal sealed record DependencyInstall(string Name, string Command, string Advice)
{
    /// <summary>Tool, verbs, what lists the dependencies.</summary>
    private static readonly ImmutableArray<(string Tool, string[] Verbs, string Lists)> Tools =
    [
        ("npm", ["ci", "install", "i", "clean-install"], "package.json and package-lock.json"),
        ("pnpm", ["install", "i", "fetch"], "package.json and pnpm-lock.yaml"),
        ("yarn", ["install", ""], "package.json and yarn.lock"),
        ("bun", ["install", "i"], "package.json and bun.lock"),
        ("go", ["mod"], "go.mod and go.sum"),
        ("cargo", ["fetch"], "Cargo.toml and Cargo.lock"),
        ("dotnet", ["restore"], "the project files"),
        ("mvn", ["dependency:go-offline", "dependency:resolve"], "pom.xml"),
        ("mvnw", ["dependency:go-offline", "dependency:resolve"], "pom.xml"),
        ("composer", ["install"], "composer.json and composer.lock"),
        ("bundle", ["install", ""], "Gemfile and Gemfile.lock"),
        ("poetry", ["install"], "pyproject.toml and poetry.lock"),
        ("pipenv", ["install", "sync"], "Pipfile and Pipfile.lock"),
        ("mix", ["deps.get"], "mix.exs and mix.lock"),
    ];

    /// <summary>Null for other commands.</summary>
    public static DependencyInstall? Of(ShellCommand command)
    {
        if (command.Words.IsEmpty)
        {
            return null;
        }

        if (PackageManager.Of(command) is { } manager && manager.IsInstall(command))
        {
            return new DependencyInstall(manager.Name, $"{command.Program} {command.Verb}", "install packages above it");
        }

        if (PipInstall(command) is { } lists)
        {
            return Project("pip", "pip install", lists);
        }

        foreach (var (tool, verbs, listed) in Tools)
        {
            if (tool == command.Program && verbs.Contains(command.Verb) && IsOfProject(command))
            {
                return Project(tool, $"{tool} {command.Verb}".TrimEnd(), listed);
            }
        }

        return null;
    }

    private static DependencyInstall Project(string tool, string command, string lists) => new(tool, command, $"copy {lists} first, and the rest below it");

    /// <summary>Not a tool for everybody, and nothing by name: those do not read the project at all.</summary>
    private static bool IsOfProject(ShellCommand command) =>
        !command.HasOption("-g", "--global", "--version", "--help")
        && (command.Program == "go" ? command.Words.Any(word => word.Text == "download") : command.Program is not ("npm" or "pnpm" or "bun") || command.Operands.Count() == 1);

    private static string? PipInstall(ShellCommand command)
    {
        var isPip = command.Program is "pip" or "pip3" or "uv" || (command.Program.StartsWith("python", StringComparison.Ordinal) && command.Words.Any(word => word.Text == "pip"));
        var requirements = command.Words.SkipWhile(word => word.Text is not ("-r" or "--requirement")).Skip(1).FirstOrDefault().Text;
        return isPip && command.Words.Any(word => word.Text == "install") && requirements is not null ? requirements : null;
    }
}
