using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Lexing;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Parser.Syntax.Instructions;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Syntax;

/// <summary>Puts the instructions of included files in the place of their INCLUDEs, each with its own source.</summary>
internal sealed class IncludeExpander
{
    // Two files that each include the next one twice double with every level.
    private const int MostIncludes = 1000;

    private readonly IIncludedFiles files;
    private readonly string directory;
    private readonly DiagnosticBag diagnostics;
    private readonly List<string> open = [];
    private readonly ImmutableArray<InstructionSyntax>.Builder instructions = ImmutableArray.CreateBuilder<InstructionSyntax>();
    private int count;

    private IncludeExpander(IIncludedFiles files, string directory, DiagnosticBag diagnostics)
    {
        this.files = files;
        this.directory = directory;
        this.diagnostics = diagnostics;
    }

    /// <summary>The file with everything that it includes.</summary>
    /// <param name="files">Null where there are none.</param>
    public static KleenefileSyntax Expand(KleenefileSyntax file, IIncludedFiles? files, DiagnosticBag diagnostics)
    {
        if (!file.Instructions.Any(instruction => instruction is IncludeSyntax))
        {
            return file;
        }

        var path = file.Source.Path;
        var directory = path[..(path.LastIndexOf('/') + 1)];
        var expander = new IncludeExpander(files ?? new NoFiles(), directory, diagnostics);
        expander.Add(file, path[directory.Length..]);
        return file with { Instructions = expander.instructions.ToImmutable() };
    }

    private void Add(KleenefileSyntax file, string path)
    {
        open.Add(path);
        foreach (var instruction in file.Instructions)
        {
            if (instruction is not IncludeSyntax include)
            {
                instructions.Add(instruction);
            }
            else if (Read(include, path) is var (included, at))
            {
                Add(included, at);
            }
        }

        open.RemoveAt(open.Count - 1);
    }

    private (KleenefileSyntax File, string Path)? Read(IncludeSyntax include, string includer)
    {
        var path = Resolve(includer, include.Path.Text);
        if (open.Contains(path))
        {
            Report(Rules.IncludeCycle, include, $"the file includes itself: {string.Join(" -> ", open.SkipWhile(file => file != path))} -> {path}");
            return null;
        }

        if (++count > MostIncludes)
        {
            if (count == MostIncludes + 1)
            {
                Report(Rules.IncludeCycle, include, $"more than {MostIncludes} files are included");
            }

            return null;
        }

        switch (files.Read(path))
        {
            case IncludedFile.Missing missing:
                Report(Rules.IncludeNotFound, include, missing.Reason);
                return null;
            case IncludedFile.Found found:
                var source = new SourceText(directory + path, found.Text) { Origin = include.Path.Span };
                var notation = Notation.Default with { Dialect = include.Head.Dialect };
                return (SyntaxReader.Read(source, LineLexer.Lex(source, notation, diagnostics), diagnostics), path);
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private void Report(DiagnosticRule rule, IncludeSyntax include, string message) => diagnostics.Report(rule, include.Path.Span, message);

    /// <summary>Below the directory of the including file, with the <c>..</c> that lead above the first one's kept in front.</summary>
    private static string Resolve(string includer, string path)
    {
        if (path.StartsWith('/'))
        {
            return ImagePath.Join("/", path);
        }

        var parts = new List<string>();
        foreach (var part in (includer[..(includer.LastIndexOf('/') + 1)] + path).Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == ".." && parts.Count > 0 && parts[^1] != "..")
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else if (part != ".")
            {
                parts.Add(part);
            }
        }

        return string.Join('/', parts);
    }

    private sealed class NoFiles : IIncludedFiles
    {
        public IncludedFile Read(string path) => new IncludedFile.Missing($"'{path}' cannot be included: there is no directory, the text came by itself");
    }
}
