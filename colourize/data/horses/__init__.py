"""Pictures of horses drawn by our own code: training and test material that needs no download.

CIFAR-10 is not shipped with this package, yet a first training, the tests and the examples need colour
pictures of horses. These are drawn from a jointed skeleton in a small landscape. As in photographs, part
of the colour follows from grey level and place (sky above, ground below, a bay's black mane and legs) and
part does not (the same grey may be a chestnut, a dun or a grey horse), so colourizing them is a real task.

A picture is made in this order: scene (`landscapes`), colours of the coat (`painting`), skeleton (`anatomy`),
painting (`painting`), light and the whole (`drawing`). `basics` serves them all.

A picture's side is 1, x to the right, y down. A horse faces right, its height at the withers is 1, and its
points are complex numbers, x + iy with y up: turning a limb is then one multiplication.
"""

from colourize.data.horses.drawing import draw_horses

__all__ = ["draw_horses"]
