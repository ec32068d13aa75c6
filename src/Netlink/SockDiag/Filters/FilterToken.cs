namespace Netlink.SockDiag.Filters;

/// <summary>The smallest part of an expression that means something.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">As it was written; empty at the end.</param>
/// <param name="Column">Where it begins; the first column is 1.</param>
/// <param name="Comparison">Which one, where it is one.</param>
internal readonly record struct FilterToken(FilterTokenKind Kind, string Text, int Column, Comparison Comparison = default);
