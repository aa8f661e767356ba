using Kleene.Build.Parser.Expansion;

namespace Kleene.Build.Parser.Planning;

/// <summary>What FROM lines see: the ARGs above the first FROM and the words that describe the platform.</summary>
internal sealed class GlobalScope : IVariables
{
    private static readonly VariableOrigin Given = new(VariableSource.Default);

    private readonly VariableTable platform = new();
    private readonly VariableTable declared = new();
    private readonly BuildArguments arguments;

    public GlobalScope(CompileOptions options, string targetStage)
    {
        arguments = options.Arguments;
        Describe("TARGET", PlatformName.Normalize(options.Platform));
        Describe("BUILD", PlatformName.Normalize(options.BuildPlatform));
        platform.Set("TARGETSTAGE", targetStage, Given);
    }

    /// <summary>Every name that FROM may use, for suggestions.</summary>
    public IEnumerable<string> Names => declared.Names.Concat(platform.Names);

    public string? Find(string name) =>
        declared.Contains(name) ? declared.Find(name) : platform.Contains(name) ? arguments.Find(name) ?? platform.Find(name) : null;

    /// <summary>Whether an ARG above the first FROM names it; it may still be without a value.</summary>
    public bool Declares(string name) => declared.Contains(name);

    public bool IsPlatformWord(string name) => platform.Contains(name);

    public void Declare(string name, string? value, VariableOrigin origin) => declared.Set(name, value, origin);

    /// <summary>What the ARGs above the first FROM have declared; in Kleene it stays visible below.</summary>
    public VariableTable Declared() => declared.Clone();

    private void Describe(string prefix, string name)
    {
        var parts = name.Split('/');
        platform.Set(prefix + "PLATFORM", name, Given);
        platform.Set(prefix + "OS", parts[0], Given);
        platform.Set(prefix + "ARCH", parts.ElementAtOrDefault(1) ?? "", Given);
        platform.Set(prefix + "VARIANT", parts.ElementAtOrDefault(2) ?? "", Given);
        platform.Set(prefix + "OSVERSION", "", Given);
    }
}
