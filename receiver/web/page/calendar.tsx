/** A month with the activity of each day. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { DayAnswer } from '../api-types.js';
import { Icon } from './icons.js';
import * as state from './state.js';
import { attempt, events, openDay } from './viewer.js';
import { countText, lengthText } from './words.js';
import { addMonths, dayOf, dayText, monthGrid, monthText } from './zone.js';

const weekDays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
/** Steps of activity: days with more events are darker; the same for all cameras. */
const levels = [1, 5, 20, 60];

const levelOf = (count: number): number => levels.filter((least) => count >= least).length;

export function Calendar(): JSX.Element {
  const zone = state.zone.peek();
  const chosen = dayOf(state.at.peek(), zone);
  const today = dayOf(state.now(), zone);
  const [month, setMonth] = useState(chosen);
  const [days, setDays] = useState<ReadonlyMap<string, DayAnswer>>(new Map());
  useEffect(() => {
    const name = state.camera.peek();
    if (name === undefined) return;
    attempt(
      events.days(name).then((answers) => {
        setDays(new Map(answers.map((each) => [each.day, each])));
      }),
    );
  }, []);
  const open = (day: string): void => {
    state.dialog.value = null;
    attempt(openDay(day));
  };
  return (
    <div class="calendar">
      <header>
        <button
          type="button"
          class="button"
          aria-label="Previous month"
          onClick={() => setMonth(addMonths(month, -1))}
        >
          <Icon name="previous" />
        </button>
        <strong aria-live="polite">{monthText(month)}</strong>
        <button
          type="button"
          class="button"
          aria-label="Next month"
          onClick={() => setMonth(addMonths(month, 1))}
        >
          <Icon name="next" />
        </button>
      </header>
      <table>
        <thead>
          <tr>
            {weekDays.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {monthGrid(month).map((week, index) => (
            <tr key={index}>
              {week.map((day, column) => (
                <td key={column}>
                  {day !== null && (
                    <Day
                      day={day}
                      answer={days.get(day)}
                      isChosen={day === chosen}
                      isToday={day === today}
                      onPress={() => open(day)}
                    />
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface DayProps {
  readonly day: string;
  readonly answer: DayAnswer | undefined;
  readonly isChosen: boolean;
  readonly isToday: boolean;
  readonly onPress: () => void;
}

function Day({ day, answer, isChosen, isToday, onPress }: DayProps): JSX.Element {
  const number = String(Number(day.slice(8)));
  const words = `${dayText(day)}: ${summaryOf(answer)}`;
  const count = answer?.events ?? 0;
  const hasGap = answer !== undefined && gapMs(answer) > 60_000;
  return (
    <button
      type="button"
      class={`day level${levelOf(count)}${isToday ? ' today' : ''}`}
      disabled={answer === undefined}
      aria-current={isChosen ? 'date' : undefined}
      // What is seen begins what is said.
      aria-label={`${number}: ${summaryOf(answer)}, ${dayText(day)}`}
      title={words}
      onClick={onPress}
    >
      <span>{number}</span>{' '}
      <small>{count > 0 ? count.toLocaleString('en') : answer === undefined ? '' : '·'}</small>
      {hasGap && <i />}
    </button>
  );
}

const gapMs = ({ states }: DayAnswer): number => states['not-watched'];

function summaryOf(answer: DayAnswer | undefined): string {
  if (answer === undefined) return 'no record';
  const parts = [countText(answer.events, 'event'), countText(answer.frames, 'frame')];
  const gap = gapMs(answer);
  if (gap > 0) parts.push(`not watched for ${lengthText(gap)}`);
  return parts.join(', ');
}
