/** The water in the soil of a zone: a bucket that the sun empties, that rain and irrigation fill, and that leaks when it is full. */
import { clamp, type Weather } from './weather.ts';

/** Moisture, %, at which plants wilt, and above which soil cannot hold water against gravity. */
const WILTING = 8;
const CAPACITY = 38;
/** mm of water that make 1 % in the root zone of 300 mm. */
const MM_PER_PERCENT = 3;
/** mm an hour that sprinklers give. */
const SPRINKLED = 12;
/** mm an hour that a hot noon takes. */
const THIRST = 0.9;

export class Soil {
  /** % */
  moisture: number;

  constructor(moisture: number) {
    this.moisture = moisture;
  }

  /** @param hours that passed. */
  step({ temperature, rain, sun }: Weather, isIrrigated: boolean, hours: number): void {
    // The drier, the harder it is to draw water from it.
    const available = clamp((this.moisture - WILTING) / (CAPACITY - WILTING), 0, 1);
    const taken = THIRST * (0.05 + sun) * clamp(temperature / 25, 0.2, 1.6) * Math.sqrt(available);
    const given = rain + (isIrrigated ? SPRINKLED : 0);
    const drained = Math.max(0, this.moisture - CAPACITY) * 0.3;
    this.moisture = clamp(
      this.moisture + (hours * (given - taken)) / MM_PER_PERCENT - hours * drained,
      2,
      55,
    );
  }
}
