namespace Kleene.Build.Runtime.Containers;

/// <summary>Invents names for containers that were given none, as klee does: an adjective and a logician or mathematician.</summary>
internal static class ContainerNames
{
    private static readonly string[] Adjectives =
    [
        "able", "brave", "bright", "calm", "clear", "deft", "eager", "fair", "fond", "gentle", "happy", "keen", "kind", "lively", "lucid",
        "merry", "modest", "neat", "nimble", "patient", "plain", "quick", "quiet", "regular", "sharp", "sound", "steady", "sunny", "tidy", "wise",
    ];

    private static readonly string[] Surnames =
    [
        "abel", "bernays", "boole", "brouwer", "cantor", "church", "curry", "davis", "dedekind", "frege", "gentzen", "goedel", "haskell", "herbrand",
        "hilbert", "hopper", "kleene", "lovelace", "markov", "myhill", "nerode", "noether", "peano", "peter", "post", "rice", "robinson", "rosser",
        "scott", "skolem", "tarski", "turing",
    ];

    public static string New() =>
        $"{Adjectives[Random.Shared.Next(Adjectives.Length)]}_{Surnames[Random.Shared.Next(Surnames.Length)]}{Random.Shared.Next(10, 1000)}";
}
