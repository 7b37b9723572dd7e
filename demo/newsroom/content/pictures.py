"""Abstract pictures, drawn: the same name always gives the same bytes."""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageFilter

SIZE = (1200, 800)
PALETTES = [
    ("#12355b", "#2f6690", "#81c3d7", "#f4e9cd", "#e07a5f"),
    ("#2d3142", "#4f5d75", "#bfc0c0", "#ef8354", "#fff4e6"),
    ("#1b4332", "#40916c", "#95d5b2", "#f1faee", "#ffb703"),
    ("#3d2645", "#832161", "#da4167", "#f0eff4", "#ffd166"),
    ("#0b132b", "#1c2541", "#3a506b", "#5bc0be", "#f5f1ed"),
]


def picture(name: str) -> bytes:
    """A JPEG of 1200 × 800 pixels for a name such as “waves-tide”: the first word chooses the motif, the whole all else."""
    chance = random.Random(name)
    palette = chance.choice(PALETTES)
    image = sky(palette[0], palette[2])
    draw = ImageDraw.Draw(image, "RGBA")
    MOTIFS.get(name.partition("-")[0], hills)(draw, chance, palette)
    image = image.filter(ImageFilter.SMOOTH)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85, optimize=True)
    return out.getvalue()


def sky(top: str, bottom: str) -> Image.Image:
    """A vertical gradient."""
    gradient = Image.linear_gradient("L").resize(SIZE)
    return Image.composite(Image.new("RGB", SIZE, bottom), Image.new("RGB", SIZE, top), gradient)


def waves(draw: ImageDraw.ImageDraw, chance: random.Random, palette: tuple[str, ...]) -> None:
    width, height = SIZE
    for layer in range(7):
        base = height * (0.35 + layer * 0.1)
        swing, length, shift = chance.uniform(12, 46), chance.uniform(180, 420), chance.uniform(0, 6)
        line = [
            (x, base + swing * math.sin(x / length * 2 + shift) + swing / 2 * math.sin(x / 90 + layer))
            for x in range(0, width + 8, 8)
        ]
        draw.polygon([*line, (width, height), (0, height)], fill=palette[layer % 3 + 1] + "b0")
    sun(draw, chance, palette)


def sun(draw: ImageDraw.ImageDraw, chance: random.Random, palette: tuple[str, ...]) -> None:
    x, y, radius = chance.uniform(200, 1000), chance.uniform(120, 260), chance.uniform(50, 110)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=palette[4] + "e0")


def hills(draw: ImageDraw.ImageDraw, chance: random.Random, palette: tuple[str, ...]) -> None:
    width, height = SIZE
    sun(draw, chance, palette)
    for layer in range(5):
        x, points = 0.0, [(0.0, float(height))]
        while x < width + 200:
            points.append((x, height * (0.4 + layer * 0.12) + chance.uniform(-70, 70)))
            x += chance.uniform(90, 240)
        draw.polygon([*points, (x, float(height))], fill=palette[(layer + 1) % 4] + "d0")


def rings(draw: ImageDraw.ImageDraw, chance: random.Random, palette: tuple[str, ...]) -> None:
    x, y = chance.uniform(350, 850), chance.uniform(300, 500)
    for step in range(14, 0, -1):
        radius, flat = step * 46, chance.uniform(0.75, 1)
        draw.ellipse(
            (x - radius, y - radius * flat, x + radius, y + radius * flat),
            outline=palette[step % 4 + 1],
            width=chance.randint(3, 18),
        )
        angle = chance.uniform(0, 6.28)
        dot = chance.uniform(6, 20)
        u, v = x + radius * math.cos(angle), y + radius * flat * math.sin(angle)
        draw.ellipse((u - dot, v - dot, u + dot, v + dot), fill=palette[4])


def tiles(draw: ImageDraw.ImageDraw, chance: random.Random, palette: tuple[str, ...]) -> None:
    side = chance.choice([80, 100, 160])
    for left in range(0, SIZE[0], side):
        for top in range(0, SIZE[1], side):
            box = (left + 3, top + 3, left + side - 3, top + side - 3)
            shape = chance.random()
            if shape < 0.4:
                draw.rectangle(box, fill=chance.choice(palette) + "d0")
            elif shape < 0.8:
                draw.pieslice((box[0] - side, box[1], box[2], box[3] + side), 270, 360, fill=chance.choice(palette) + "e0")
            else:
                draw.ellipse(box, fill=chance.choice(palette) + "e0")


def strands(draw: ImageDraw.ImageDraw, chance: random.Random, palette: tuple[str, ...]) -> None:
    for _ in range(46):
        x, lean, swing = chance.uniform(0, SIZE[0]), chance.uniform(-160, 160), chance.uniform(10, 50)
        line = [(x + lean * step / 40 + swing * math.sin(step / 6), SIZE[1] - step * SIZE[1] / 40) for step in range(43)]
        draw.line(line, fill=chance.choice(palette[1:]) + "d0", width=chance.randint(3, 13), joint="curve")


MOTIFS: dict[str, Callable[[ImageDraw.ImageDraw, random.Random, tuple[str, ...]], None]] = {
    "waves": waves,
    "hills": hills,
    "rings": rings,
    "tiles": tiles,
    "strands": strands,
}
