namespace Kleene.Build.Runtime.Jails.FreeBsd;

/// <summary>What a jail is called. Its id, which is the end of the name where it is made on a stack that another jail holds.</summary>
internal static class JailName
{
    /// <exception cref="ArgumentException">The id cannot be the name of a jail: digits alone are a jail's number, and a dot leads to a jail inside another.</exception>
    public static string Of(string id, JailNetwork network)
    {
        Check(id);
        return network is JailNetwork.Joined joined ? $"{joined.Stack}.{id}" : id;
    }

    public static void Check(string id)
    {
        if (!id.Any(char.IsAsciiLetter) || !char.IsAsciiLetterOrDigit(id[0]) || !id.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_'))
        {
            throw new ArgumentException($"'{id}' cannot be a jail's id", nameof(id));
        }
    }
}
