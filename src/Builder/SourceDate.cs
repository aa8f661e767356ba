using System.Globalization;
using Kleene.Build.Parser;
using Kleene.Build.Runtime;

namespace Kleene.Build.Builder;

/// <summary>The time at which an image says it was made, when the caller fixes it (reproducible-builds.org, SOURCE_DATE_EPOCH).</summary>
internal static class SourceDate
{
    private const string Argument = "SOURCE_DATE_EPOCH";

    /// <summary>Null when nothing is fixed.</summary>
    /// <exception cref="KleeneException">It is no number of seconds.</exception>
    public static DateTimeOffset? Of(BuildArguments arguments)
    {
        if (arguments.Find(Argument) is not { Length: > 0 } text)
        {
            return null;
        }

        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= DateTimeOffset.MaxValue.ToUnixTimeSeconds()
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : throw new KleeneException($"the build argument {Argument} is '{text}', which is no number of seconds since 1970");
    }
}
