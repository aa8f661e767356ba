using System.Diagnostics;
using System.Text;

namespace Kleene.Build.Parser.Planning;

/// <summary>A plan as text. Words that could be misread are quoted, so that the dump can stand in an approved file.</summary>
internal static class PlanText
{
    public static string Write(BuildPlan plan)
    {
        var text = new StringBuilder();
        text.Append($"target {plan.Target.DisplayName}\n");
        foreach (var stage in plan.Stages)
        {
            Append(text, plan, stage);
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, BuildPlan plan, PlannedStage stage)
    {
        var name = stage.Name is null ? "" : $" {stage.Name}";
        var unused = stage.IsReachable ? "" : " (not needed)";
        text.Append($"\nstage {stage.Index}{name} from {Describe(stage.Base, plan)}{unused}\n");
        foreach (var step in stage.Steps)
        {
            Append(text, plan, step);
        }

        Append(text, stage.Config);
    }

    private static void Append(StringBuilder text, BuildPlan plan, BuildStep step)
    {
        var file = step.File == plan.Kleenefile ? "" : $" of {step.File}";
        var lines = step.EndLine == step.Line ? $"line {step.Line}{file}" : $"lines {step.Line}-{step.EndLine}{file}";
        text.Append($"  {step.Index}. {step.Instruction} ({lines})\n");
        switch (step)
        {
            case BuildStep.Run run:
                Field(text, "run", Words(run.Argv));
                Field(text, "script", run.Script is null ? "" : Quote(run.Script));
                Field(text, "env", Words(run.Environment));
                Field(text, "proxy", Words(run.ProxyEnvironment));
                Field(text, "user", run.User);
                Field(text, "in", run.WorkingDirectory == "/" ? "" : Quote(run.WorkingDirectory));
                Field(text, "network", run.Network == "default" ? "" : run.Network);
                Field(text, "security", run.IsInsecure ? "insecure" : "");
                Field(text, "hostname", run.Hostname);
                Field(text, "report", Words(run.Reports));
                foreach (var mount in run.Mounts)
                {
                    Field(text, "mount", Words(MountText.Words(mount, origin => Describe(origin, plan))));
                }

                break;
            case BuildStep.Copy copy:
                Field(text, "from", Describe(copy.From, plan));
                Field(text, "copy", Words(copy.Sources));
                foreach (var heredoc in copy.Heredocs)
                {
                    Field(text, "file", $"{Quote(heredoc.Name)} {Quote(heredoc.Content)}");
                }

                Field(text, "to", Quote(copy.Destination));
                Field(text, "chown", copy.Owner);
                Field(text, "chmod", copy.Mode);
                Field(text, "without", Words(copy.Exclude));
                Field(text, "parents", copy.KeepsParents ? "kept" : "");
                Field(text, "directories", copy.KeepsDirectories ? "kept" : "");
                Field(text, "missing", copy.MayBeMissing ? "allowed" : "");
                Field(text, "unpack", copy.Add?.Unpacks switch { true => "all", false => "none", null => "" });
                Field(text, "checksum", copy.Add?.Checksum ?? "");
                Field(text, "gitdir", copy.Add?.KeepsGitDirectory switch { true => "kept", false => "left out", null => "" });
                Field(text, "links", copy.IsLinked ? "replaced" : "");
                break;
            case BuildStep.Workdir workdir:
                Field(text, "make", Quote(workdir.Path));
                Field(text, "user", workdir.User);
                break;
            default:
                throw new UnreachableException();
        }
    }

    private static void Append(StringBuilder text, StageConfig config)
    {
        var fields = new StringBuilder();
        Field(fields, "platform", config.Platform);
        Field(fields, "env", Words(config.Env));
        Field(fields, "entrypoint", Words(config.Entrypoint));
        Field(fields, "cmd", Words(config.Cmd));
        Field(fields, "user", config.User);
        Field(fields, "workdir", config.WorkingDir.Length == 0 ? "" : Quote(config.WorkingDir));
        Field(fields, "ports", Words(config.ExposedPorts));
        Field(fields, "volumes", Words(config.Volumes));
        Field(fields, "author", config.Author.Length == 0 ? "" : Quote(config.Author));
        Field(fields, "labels", Words(config.Labels.Select(label => $"{label.Key}={label.Value}")));
        Field(fields, "stopsignal", config.StopSignal);
        Field(fields, "health", Describe(config.Healthcheck));
        Field(fields, "shell", Words(config.Shell));
        Field(fields, "onbuild", Words(config.OnBuild));
        if (fields.Length > 0)
        {
            text.Append("  config\n").Append(fields);
        }
    }

    private static void Field(StringBuilder text, string name, string value)
    {
        if (value.Length > 0)
        {
            text.Append($"     {name,-10} {value}\n");
        }
    }

    private static string Describe(StageBase stageBase, BuildPlan plan) => stageBase switch
    {
        StageBase.Image image => $"image {Quote(image.Reference)}",
        StageBase.Stage stage => $"stage {plan.Stages[stage.Index].DisplayName}",
        StageBase.Scratch => "scratch",
        _ => throw new UnreachableException(),
    };

    private static string Describe(TreeOrigin origin, BuildPlan plan) => origin switch
    {
        TreeOrigin.Context => "context",
        TreeOrigin.Named named => $"context {Quote(named.Name)}",
        TreeOrigin.Stage stage => $"stage {plan.Stages[stage.Index].DisplayName}",
        TreeOrigin.Image image => $"image {Quote(image.Reference)}",
        _ => throw new UnreachableException(),
    };

    private static string Describe(Healthcheck? check) => check is null ? "" : string.Join(
        ' ',
        new[]
        {
            Words(check.Test),
            Option("interval", check.Interval),
            Option("timeout", check.Timeout),
            Option("start-period", check.StartPeriod),
            Option("start-interval", check.StartInterval),
            Option("retries", check.Retries),
        }.Where(part => part.Length > 0));

    private static string Option(string name, long value) => value == 0 ? "" : $"{name}={value}";

    private static string Words(IEnumerable<string> words) => string.Join(' ', words.Select(Quote));

    private static string Quote(string word)
    {
        if (word.Length > 0 && word.All(c => char.IsLetterOrDigit(c) || "-_./:=@+,%*?$".Contains(c)))
        {
            return word;
        }

        var quoted = new StringBuilder("\"");
        foreach (var c in word)
        {
            quoted.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\t' => "\\t",
                '\r' => "\\r",
                _ when char.IsControl(c) => $"\\u{(int)c:x4}",
                _ => c.ToString(),
            });
        }

        return quoted.Append('"').ToString();
    }
}
