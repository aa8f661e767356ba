namespace Kleene.Build.Parser.Planning;

/// <summary>Where a variable of a stage has its value from, for those who ask why it changed.</summary>
/// <param name="Source">Who gave it.</param>
/// <param name="Place">The instruction that sets or declares it, <c>Kleenefile:3</c>; empty where none does.</param>
public sealed record VariableOrigin(VariableSource Source, string Place = "");

public enum VariableSource
{
    /// <summary>The base image.</summary>
    Base,

    /// <summary>Nobody: it is there by default.</summary>
    Default,

    /// <summary>ENV.</summary>
    Environment,

    /// <summary>ARG, with the value that the file has for it.</summary>
    Argument,

    /// <summary>ARG, with a value of the caller's.</summary>
    BuildArgument,

    /// <summary>The caller, for all commands.</summary>
    Option,
}
