namespace Kleene.Build.Parser.Text;

/// <summary>A place as people count it: lines and columns from 1, columns in UTF-16 units.</summary>
public readonly record struct LinePosition(int Line, int Column);
