using ICSharpCode.SharpZipLib.BZip2;

namespace Kleene.Build.Runtime.Archives;

/// <summary>Unpacks .bz2, also of several streams one after the other, as pbzip2 writes them; the library stops after the first.</summary>
internal sealed class Bzip2Stream(PeekStream source) : ForwardStream
{
    private BZip2InputStream? member;

    public override int Read(Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            if (member is null)
            {
                if (source.Peek(1).IsEmpty)
                {
                    return 0;
                }

                member = new BZip2InputStream(source) { IsStreamOwner = false };
            }

            var count = member.Read(buffer);
            if (count > 0)
            {
                return count;
            }

            member.Dispose();
            member = null;
        }

        return 0;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            member?.Dispose();
        }

        base.Dispose(disposing);
    }
}
