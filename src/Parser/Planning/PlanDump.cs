namespace Kleene.Build.Parser.Planning;

/// <summary>Writes plans for people, machines and graphviz.</summary>
public static class PlanDump
{
    /// <summary>A few lines for each stage, for the terminal.</summary>
    public static string Text(BuildPlan plan) => PlanText.Write(plan);

    /// <summary>The document that <c>kleene plan --format json</c> promises; with errors it has diagnostics and no stages.</summary>
    public static string Json(Compilation compilation) => PlanJson.Write(compilation);

    /// <summary>A digraph: stages are clusters, steps are boxes, and an arrow leads from what is read to its reader.</summary>
    public static string Dot(BuildPlan plan) => PlanDot.Write(plan);
}
