using System.Text;

namespace Kleene.Build.Runtime.Tests.Archives;

/// <summary>All that a file tree is made of, as text: two trees are the same when their listings are. Made by another program than the one under test.</summary>
internal static class TreeListing
{
    private const string Script = """
        import hashlib, os, stat, sys
        root = os.fsencode(sys.argv[1])
        lines, inodes = [], {}
        def visit(path, name):
            s = os.lstat(path)
            kind = stat.S_IFMT(s.st_mode) >> 12
            parts = [ascii(name), "%x" % kind, "%o" % stat.S_IMODE(s.st_mode), "%d:%d" % (s.st_uid, s.st_gid), str(s.st_mtime_ns)]
            if stat.S_ISREG(s.st_mode):
                parts += [str(s.st_size), hashlib.sha256(open(path, "rb").read()).hexdigest()[:16]]
            if stat.S_ISLNK(s.st_mode):
                parts.append(ascii(os.readlink(path)))
            if stat.S_ISBLK(s.st_mode) or stat.S_ISCHR(s.st_mode):
                parts.append("%d,%d" % (os.major(s.st_rdev), os.minor(s.st_rdev)))
            if not stat.S_ISDIR(s.st_mode) and s.st_nlink > 1:
                parts.append("same as " + ascii(inodes.setdefault(s.st_ino, name)))
            for key in sorted(os.listxattr(path, follow_symlinks=False)):
                parts.append(key + "=" + os.getxattr(path, key, follow_symlinks=False).hex())
            lines.append(" ".join(parts))
            if stat.S_ISDIR(s.st_mode):
                for child in sorted(os.listdir(path)):
                    visit(os.path.join(path, child), os.path.join(name, child))
        visit(root, b"")
        print("\n".join(lines))
        """;

    public static string Of(string root) => Encoding.UTF8.GetString(HostTool.Run("python3", "-c", Script, root));
}
