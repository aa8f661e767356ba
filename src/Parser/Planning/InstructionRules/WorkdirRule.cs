using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>Where commands run and relative paths start; the directory is made when it is not there.</summary>
internal static class WorkdirRule
{
    public static void Plan(WorkdirSyntax syntax, StagePlanner stage)
    {
        if (stage.ExpandToSomething(syntax.Path, "the directory") is not { Value: var path } word)
        {
            return;
        }

        if (word.IsKnown && !path.StartsWith('/') && !stage.HasWorkingDirectory && stage.Config.WorkingDir.Length == 0)
        {
            stage.Report(Rules.WorkdirRelativePath, syntax.Path.Span, $"'{path}' is relative to whatever the base image has; write the whole path");
        }

        var directory = ImagePath.Join(stage.WorkingDirectory, path);
        stage.HasWorkingDirectory = true;
        stage.Config = stage.Config with { WorkingDir = directory };

        // The root is always there.
        if (directory == "/")
        {
            return;
        }

        stage.Add(syntax.Head, new BuildStep.Workdir
        {
            Path = directory,
            User = stage.Config.User,
        });
    }
}
