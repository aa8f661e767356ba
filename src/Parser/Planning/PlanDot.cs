using System.Diagnostics;
using System.Text;

namespace Kleene.Build.Parser.Planning;

/// <summary>A plan as a digraph in the DOT language.</summary>
internal static class PlanDot
{
    private const int LabelLength = 60;

    public static string Write(BuildPlan plan)
    {
        var dot = new StringBuilder();
        dot.Append("digraph plan {\n  rankdir=LR;\n  node [shape=box, fontname=\"monospace\"];\n");
        foreach (var stage in plan.Stages)
        {
            AppendStage(dot, plan, stage);
        }

        foreach (var stage in plan.Stages)
        {
            AppendArrows(dot, plan, stage);
        }

        return dot.Append("}\n").ToString();
    }

    private static void AppendStage(StringBuilder dot, BuildPlan plan, PlannedStage stage)
    {
        var style = stage.Index == plan.TargetIndex ? "bold" : stage.IsReachable ? "solid" : "dashed";
        dot.Append($"  subgraph cluster_{stage.Index} {{\n    label={Quote(stage.DisplayName)};\n    style={style};\n");
        dot.Append($"    {Start(stage)} [label={Quote("FROM " + Describe(stage.Base, plan))}, shape=ellipse];\n");
        foreach (var step in stage.Steps)
        {
            dot.Append($"    {Node(stage, step)} [label={Quote(step.Text)}];\n");
        }

        dot.Append("  }\n");
    }

    private static void AppendArrows(StringBuilder dot, BuildPlan plan, PlannedStage stage)
    {
        if (stage.Base is StageBase.Stage parent)
        {
            dot.Append($"  {Last(plan.Stages[parent.Index])} -> {Start(stage)};\n");
        }

        var previous = Start(stage);
        foreach (var step in stage.Steps)
        {
            var node = Node(stage, step);
            dot.Append($"  {previous} -> {node};\n");
            switch (step)
            {
                case BuildStep.Copy { From: TreeOrigin.Stage origin }:
                    dot.Append($"  {Last(plan.Stages[origin.Index])} -> {node} [style=dashed];\n");
                    break;
                case BuildStep.Copy { From: TreeOrigin.Named origin }:
                    var files = Quote("context " + origin.Name);
                    dot.Append($"  {files} [shape=ellipse];\n  {files} -> {node} [style=dashed];\n");
                    break;
                case BuildStep.Copy { From: TreeOrigin.Image origin }:
                    var image = Quote("image " + origin.Reference);
                    dot.Append($"  {image} [label={Quote(origin.Reference)}, shape=ellipse];\n  {image} -> {node} [style=dashed];\n");
                    break;
            }

            previous = node;
        }
    }

    private static string Start(PlannedStage stage) => $"s{stage.Index}";

    private static string Node(PlannedStage stage, BuildStep step) => $"s{stage.Index}_{step.Index}";

    private static string Last(PlannedStage stage) => stage.Steps.IsEmpty ? Start(stage) : Node(stage, stage.Steps[^1]);

    private static string Describe(StageBase stageBase, BuildPlan plan) => stageBase switch
    {
        StageBase.Image image => image.Reference,
        StageBase.Stage stage => plan.Stages[stage.Index].DisplayName,
        StageBase.Scratch => "scratch",
        _ => throw new UnreachableException(),
    };

    private static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text.Length <= LabelLength ? text : text[..(LabelLength - 3)] + "...")
        {
            // In DOT a backslash begins escapes of its own (\N is the node's name), so it is doubled like the quote is escaped.
            quoted.Append(c switch { '"' => "\\\"", '\\' => "\\\\", _ when char.IsControl(c) => " ", _ => c.ToString() });
        }

        return quoted.Append('"').ToString();
    }
}
