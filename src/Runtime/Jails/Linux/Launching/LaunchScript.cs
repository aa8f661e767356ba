using System.Buffers;
using System.Globalization;
using System.Text;

namespace Kleene.Build.Runtime.Jails.Linux.Launching;

/// <summary>What <c>launch.c</c> is told to do: words, each ended by a zero byte.</summary>
internal sealed class LaunchScript
{
    private readonly ArrayBufferWriter<byte> bytes = new(16 * 1024);

    public ReadOnlySpan<byte> Bytes => bytes.WrittenSpan;

    public void Add(params ReadOnlySpan<string> words)
    {
        foreach (var word in words)
        {
            if (word.Contains('\0', StringComparison.Ordinal))
            {
                throw new JailStartException(JailStartFailure.Jail, $"'{word.Replace("\0", "\\0", StringComparison.Ordinal)}' has a zero byte in it, which ends a word for the kernel");
            }

            Encoding.UTF8.GetBytes(word, bytes);
            bytes.Write("\0"u8);
        }
    }

    public void Add(ulong number) => Add(number.ToString(CultureInfo.InvariantCulture));

    /// <summary>Words after how many they are.</summary>
    public void AddList(IReadOnlyCollection<string> words)
    {
        Add((ulong)words.Count);
        Add([.. words]);
    }

    /// <summary>What is no word.</summary>
    public void AddRaw(ReadOnlySpan<byte> raw) => bytes.Write(raw);
}
