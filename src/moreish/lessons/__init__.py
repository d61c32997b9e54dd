"""Twelve lessons from a derivative to attention, and exercises that judge themselves.

    moreish lessons             what there is
    moreish lessons open 3      the third as a notebook (or a script of cells) in this folder
    moreish lessons run 3       the same in the terminal
    moreish learn               the next exercise: judged at every save, with one hint at a time

A lesson is a script of cells (`scripts/`), an exercise a broken file, our solution and a judge (`exercises/`).
"""
