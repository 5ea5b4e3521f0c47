"""A portrait from its parts, back to front: background, body, head, hair, what is worn, and the camera."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from arena.faces.procedural import accessories, background, body, camera, eyes, hair, mouth, skin
from arena.faces.procedural.accessories import Glasses, Hat
from arena.faces.procedural.body import Body
from arena.faces.procedural.draws import Draws
from arena.faces.procedural.expression import Expression
from arena.faces.procedural.eyes import Eyes
from arena.faces.procedural.fields import Band, Canvas, constant, darken, smoothstep, tint, total
from arena.faces.procedural.hair import Hair, HairView
from arena.faces.procedural.head import Pose, Skull, Surface, surface
from arena.faces.procedural.light import Light, shine
from arena.faces.procedural.mouth import Lips, Mouth
from arena.faces.procedural.nose import Nose, NoseView
from arena.faces.procedural.person import Person
from arena.faces.procedural.skin import Beard, Skin

_EYE_BAND, _MOUTH_BAND = 0.82, 0.70
"""Heights of the bands in which eyes and mouth are painted, in half image sides."""


@dataclass(frozen=True)
class Sitter:
    """All that is drawn before anything is painted."""

    person: Person
    skull: Skull
    pose: Pose
    expression: Expression
    nose: Nose
    eyes: Eyes
    mouth: Mouth
    skin: Skin
    beard: Beard
    hair: Hair
    body: Body
    glasses: Glasses
    hat: Hat
    light: Light

    @classmethod
    def draw(cls, identity: Draws, shot: Draws) -> Sitter:
        """Somebody, somehow, somewhere."""
        person = Person.draw(identity)
        skull = Skull.draw(identity, person)
        expression = Expression.draw(shot)
        return cls(
            person=person,
            skull=skull,
            pose=Pose.draw(shot),
            expression=expression,
            nose=Nose.draw(identity, person),
            eyes=Eyes.draw(identity, shot, person, expression),
            mouth=Mouth.draw(identity, shot, person, expression),
            skin=Skin.draw(identity, shot, person, expression),
            beard=Beard.draw(identity, person),
            hair=Hair.draw(identity, shot, person, skull),
            body=Body.draw(identity, shot, person),
            glasses=Glasses.draw(identity, shot),
            hat=Hat.draw(shot),
            light=Light.draw(shot),
        )


def paint(identity: Draws, shot: Draws) -> Tensor:
    """One portrait per pair of streams, uint8 `[B, S, S, 3]`."""
    canvas = Canvas.of(shot.size)
    sitter = Sitter.draw(identity, shot)
    head = surface(canvas, sitter.pose, sitter.skull)
    locks = hair.comb(canvas, sitter.hair, head, sitter.skull, sitter.pose, identity, shot)
    face = _face(canvas, sitter, head, locks)
    folds = shot.noise(8)
    lit_hair = hair.colour(sitter.hair, locks, sitter.person, head, sitter.light)
    picture = background.paint(canvas, shot)
    picture = tint(picture, lit_hair * 0.55, locks.back)
    picture = body.paint_neck(picture, canvas, sitter.body, sitter.person, sitter.pose, sitter.light, folds)
    picture = tint(picture, face, head.visible)
    picture = body.paint_ears(
        picture, canvas, sitter.body, sitter.skull, sitter.person, head, sitter.pose, sitter.light
    )
    picture = tint(picture, lit_hair, locks.front)
    picture = accessories.paint_hat(picture, canvas, sitter.hat, head, locks, sitter.light, folds)
    band = Band.around(sitter.pose.row(sitter.eyes.v), 0.6, canvas.size)
    near = head.band(band)
    worn = accessories.paint_glasses(band.take(picture), canvas, sitter.glasses, sitter.eyes, near, sitter.pose)
    band.put(picture, worn)
    return camera.develop(picture, canvas, shot, sitter.person)


def _face(canvas: Canvas, sitter: Sitter, head: Surface, locks: HairView) -> Tensor:
    """The lit face over the whole canvas, a picture."""
    snout = NoseView.of(sitter.nose, head, sitter.pose)
    lips = Lips.of(sitter.mouth, head.u)
    facing = smoothstep(head.rim, 0, 0.25)
    relief = _relief(sitter, head, snout, lips) * facing
    light = sitter.light
    shadow = snout.shadow(light.x, light.y)
    shading = shine(light, sitter.pose, head.depth + relief + sitter.skin.texture, relief, shadow, sitter.skin.oil)
    # Where the head turns away, a pixel mixes slopes that no light model can shade: darken the rim instead.
    shade = shading.shade * (1 - locks.shadow) * (0.6 + 0.4 * facing)
    face = skin.colour(sitter.skin, sitter.beard, sitter.person, head, snout, sitter.mouth, lips)
    face = darken(face, snout.nostrils() * facing)
    # Shadows on skin are warm: light that entered nearby comes out red.
    warm = 1 + (1 - shade).unsqueeze(1) * constant(0.16, 0, -0.06)
    face = face.mul_(shade.unsqueeze(1)).mul_(warm).add_(shading.gloss.unsqueeze(1))
    _paint_eyes(face, canvas, sitter, head, shade)
    _paint_mouth(face, canvas, sitter, head, shade, shading.gloss)
    return face


def _relief(sitter: Sitter, head: Surface, snout: NoseView, lips: Lips) -> Tensor:
    parts = [
        snout.relief(),
        eyes.relief(sitter.eyes, head),
        mouth.relief(lips, head),
        skin.relief(sitter.skin, head, sitter.expression, sitter.nose, sitter.mouth),
    ]
    return total(parts)


def _paint_eyes(face: Tensor, canvas: Canvas, sitter: Sitter, head: Surface, shade: Tensor) -> None:
    band = Band.around(sitter.pose.row(sitter.eyes.v + 0.045), _EYE_BAND, canvas.size)
    strip, near, lit, fine = band.take(face), head.band(band), band.take(shade), band.take(sitter.skin.fine)
    band.put(face, eyes.paint(strip, canvas, sitter.eyes, near, lit, sitter.light, sitter.pose, fine))


def _paint_mouth(face: Tensor, canvas: Canvas, sitter: Sitter, head: Surface, shade: Tensor, gloss: Tensor) -> None:
    band = Band.around(sitter.pose.row(sitter.mouth.v + 0.02), _MOUTH_BAND, canvas.size)
    strip, near, lit, wet = band.take(face), head.band(band), band.take(shade), band.take(gloss)
    band.put(face, mouth.paint(strip, canvas, sitter.mouth, near, lit, wet))
