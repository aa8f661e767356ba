namespace Kleene.Build.Parser.Syntax;

/// <summary>What IF asks: about words, which the planner expands.</summary>
internal abstract record ConditionSyntax
{
    private ConditionSyntax()
    {
    }

    /// <summary>Holds when the word comes to something that does not mean no.</summary>
    public sealed record IsSet(Word Word) : ConditionSyntax;

    /// <summary><c>==</c>, or <c>!=</c> where it is negated.</summary>
    public sealed record Equal(Word Left, Word Right, bool IsNegated) : ConditionSyntax;

    public sealed record Not(ConditionSyntax Operand) : ConditionSyntax;

    public sealed record And(ConditionSyntax Left, ConditionSyntax Right) : ConditionSyntax;

    public sealed record Or(ConditionSyntax Left, ConditionSyntax Right) : ConditionSyntax;
}
