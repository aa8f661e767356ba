using System.Collections.Immutable;
using System.Diagnostics;

namespace Kleene.Build.Parser.Planning;

/// <summary>What chmod(1) takes as a mode: octal digits, or clauses such as <c>u=rwX,go=rX</c>. A clause that names nobody means everybody.</summary>
public sealed class ModeChange
{
    private const uint AllBits = 0xfff;

    /// <summary>06000: set-user-id and set-group-id.</summary>
    private const uint SetIdBits = 0xc00;

    /// <summary>0111.</summary>
    private const uint ExecuteBits = 0x49;

    private readonly ImmutableArray<Clause> clauses;

    private ModeChange(uint? octal, ImmutableArray<Clause> clauses)
    {
        Octal = octal;
        this.clauses = clauses;
    }

    /// <summary>The mode, where it was given in digits and depends on nothing.</summary>
    public uint? Octal { get; }

    /// <summary>Null when the text is neither.</summary>
    public static ModeChange? TryParse(string text)
    {
        if (text.Length > 0 && text.All(char.IsAsciiDigit))
        {
            return ParseOctal(text) is { } octal ? new ModeChange(octal, []) : null;
        }

        var clauses = ImmutableArray.CreateBuilder<Clause>();
        foreach (var part in text.Split(','))
        {
            if (!TryParse(part, clauses))
            {
                return null;
            }
        }

        return new ModeChange(null, clauses.ToImmutable());
    }

    /// <param name="mode">The twelve bits it has.</param>
    /// <returns>The twelve bits it is to have.</returns>
    public uint Apply(uint mode, bool isDirectory)
    {
        if (Octal is { } octal)
        {
            return octal;
        }

        foreach (var clause in clauses)
        {
            mode = clause.Apply(mode, isDirectory);
        }

        return mode;
    }

    private static uint? ParseOctal(string digits)
    {
        var value = 0u;
        foreach (var digit in digits)
        {
            if (digit > '7' || (value = (value << 3) | (uint)(digit - '0')) > AllBits)
            {
                return null;
            }
        }

        return value;
    }

    /// <summary>One part between commas: who, and one or more operators with what they give.</summary>
    private static bool TryParse(string part, ImmutableArray<Clause>.Builder clauses)
    {
        var position = 0;
        var who = 0u;
        while (position < part.Length && WhoBits(part[position]) is { } bits)
        {
            who |= bits;
            position++;
        }

        if (position == part.Length)
        {
            return false;
        }

        while (position < part.Length)
        {
            var operation = part[position++];
            var start = position;
            while (position < part.Length && !"+-=".Contains(part[position]))
            {
                position++;
            }

            var what = part[start..position];
            var isCopy = what is "u" or "g" or "o";
            if (!"+-=".Contains(operation) || (!isCopy && !what.All("rwxXst".Contains)))
            {
                return false;
            }

            clauses.Add(new Clause(who == 0 ? AllBits : who, operation, what));
        }

        return true;
    }

    /// <summary>What somebody's bits are, with the one that stands in the same place of <c>ls -l</c>: 04700, 02070, 01007.</summary>
    private static uint? WhoBits(char who) => who switch
    {
        'u' => 0x9c0,
        'g' => 0x438,
        'o' => 0x207,
        'a' => AllBits,
        _ => null,
    };

    private sealed record Clause(uint Who, char Operation, string What)
    {
        public uint Apply(uint mode, bool isDirectory)
        {
            var given = Who & What switch
            {
                "u" => Everybody(mode >> 6),
                "g" => Everybody(mode >> 3),
                "o" => Everybody(mode),
                _ => What.Aggregate(0u, (bits, letter) => bits | BitsOf(letter, mode, isDirectory)),
            };
            return Operation switch
            {
                '+' => mode | given,
                '-' => mode & ~given,

                // GNU's chmod takes these two from files only.
                _ => (mode & ~(isDirectory ? Who & ~SetIdBits : Who)) | given,
            };
        }

        private static uint Everybody(uint mode) => (mode & 7) * ExecuteBits;

        private static uint BitsOf(char letter, uint mode, bool isDirectory) => letter switch
        {
            'r' => 4 * ExecuteBits,
            'w' => 2 * ExecuteBits,
            'x' => ExecuteBits,
            'X' => isDirectory || (mode & ExecuteBits) != 0 ? ExecuteBits : 0,
            's' => SetIdBits,
            't' => 0x200,
            _ => throw new UnreachableException(),
        };
    }
}
