using ICSharpCode.SharpZipLib;

namespace Kleene.Build.Runtime.Archives;

/// <summary>Puts the errors of a managed decoder into our words. Owns both streams.</summary>
internal sealed class ManagedDecoderStream(PeekStream source, Stream decoder, string format) : ForwardStream
{
    public override int Read(Span<byte> buffer)
    {
        try
        {
            return decoder.Read(buffer);
        }
        // On damaged data SharpZipLib also runs over the end of its tables.
        catch (Exception e) when (e is InvalidDataException or SharpZipBaseException or EndOfStreamException or IndexOutOfRangeException)
        {
            throw new ArchiveException($"{format}: the data are cut off or damaged", source.Consumed, null, e);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            decoder.Dispose();
            source.Dispose();
        }

        base.Dispose(disposing);
    }
}
