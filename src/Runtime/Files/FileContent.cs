using Kleene.Build.Runtime.Native;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Files;

/// <summary>
/// Moves bytes from one file to another the cheapest way both file systems know: shared extents (FICLONE), a copy inside the kernel
/// (copy_file_range), or through a buffer. What was refused once is not tried again.
/// </summary>
internal sealed unsafe class FileContent(CancellationToken cancellationToken)
{
    /// <summary>Below this one read and one write cost less than asking for anything cleverer.</summary>
    private const long WorthAsking = 64 * 1024;

    /// <summary>A piece that is over soon when the copy is cancelled.</summary>
    private const long LargestRange = 64L << 20;

    private volatile bool canClone = !Abi.IsFreeBsd;
    private volatile bool canCopyRange = true;

    /// <summary>Copies all of a file, which was <paramref name="status"/>, into a new one. Holes stay holes.</summary>
    public void Copy(SafeFileHandle source, SafeFileHandle target, in FileStatus status, Span<byte> buffer, UnixPath path)
    {
        if (status.Size < WorthAsking)
        {
            CopyBuffered(source, target, status.Size, buffer, path);
            return;
        }

        if (TryClone(source, target))
        {
            return;
        }

        if (status.AllocatedSize < status.Size)
        {
            CopySparse(source, target, status.Size, buffer, path);
        }
        else
        {
            CopyRange(source, target, long.MaxValue, buffer, path);
        }
    }

    private bool TryClone(SafeFileHandle source, SafeFileHandle target)
    {
        if (canClone && NativeMethods.ioctl(target, NativeMethods.FICLONE, source.DangerousGetHandle()) == 0)
        {
            return true;
        }

        canClone = false;
        return false;
    }

    /// <summary>lseek(2): the data between the holes.</summary>
    private void CopySparse(SafeFileHandle source, SafeFileHandle target, long size, Span<byte> buffer, UnixPath path)
    {
        var data = NativeMethods.lseek(source, 0, NativeMethods.SEEK_DATA);
        if (data < 0 && Errno.Last != Errno.ENXIO)
        {
            // A file system that cannot tell.
            CopyRange(source, target, long.MaxValue, buffer, path);
            return;
        }

        while (data >= 0)
        {
            var hole = NativeMethods.lseek(source, data, NativeMethods.SEEK_HOLE);
            if (hole < 0 || NativeMethods.lseek(source, data, NativeMethods.SEEK_SET) < 0 || NativeMethods.lseek(target, data, NativeMethods.SEEK_SET) < 0)
            {
                throw FileOperationException.Last("copy", path);
            }

            CopyRange(source, target, hole - data, buffer, path);
            data = NativeMethods.lseek(source, hole, NativeMethods.SEEK_DATA);
        }

        // ENXIO: nothing but a hole follows, which only the length can show.
        if (Errno.Last != Errno.ENXIO || NativeMethods.ftruncate(target, size) != 0)
        {
            throw FileOperationException.Last("copy", path);
        }
    }

    private void CopyRange(SafeFileHandle source, SafeFileHandle target, long length, Span<byte> buffer, UnixPath path)
    {
        while (canCopyRange && length > 0)
        {
            var copied = NativeMethods.copy_file_range(source, null, target, null, (nuint)Math.Min(length, LargestRange), 0);
            if (copied == 0)
            {
                return;
            }

            if (copied < 0)
            {
                // Not between these file systems, or not for this kind of file: the buffer tells the real error, if there is one.
                canCopyRange = false;
                break;
            }

            length -= copied;
            cancellationToken.ThrowIfCancellationRequested();
        }

        CopyBuffered(source, target, length, buffer, path);
    }

    private void CopyBuffered(SafeFileHandle source, SafeFileHandle target, long length, Span<byte> buffer, UnixPath path)
    {
        while (length > 0)
        {
            var read = FileCalls.Read(source, buffer[..(int)Math.Min(buffer.Length, length)]);
            if (read < 0)
            {
                throw FileOperationException.Last("read", path);
            }

            if (read == 0)
            {
                return;
            }

            if (!FileCalls.WriteAll(target, buffer[..read]))
            {
                throw FileOperationException.Last("write", path);
            }

            length -= read;
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
