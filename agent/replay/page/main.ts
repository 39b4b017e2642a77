/** The page of `agent replay --html`: reads its data, and connects its parts. */
import type { PageData } from '../html/page-data.js';
import { Chart, frameForKey } from './chart.js';
import { button, make } from './elements.js';
import { Film } from './film.js';
import { help } from './help.js';
import { Panel } from './panel.js';
import { type Look, Sequence } from './sequence.js';
import { Stage } from './stage.js';

const data = JSON.parse(document.getElementById('data')?.textContent ?? '') as PageData;
const sequences = data.sequences.map((each) => new Sequence(each));

const stage = new Stage();
const panel = new Panel(data.sensitivity);
const chart = new Chart(select);
const film = new Film(select);
const sums = make('p', { class: 'sums' });
const chooser = make('select', { 'aria-label': 'Folder' });
let shown = 0;
let selected = 0;

function select(frame: number): void {
  const sequence = sequences[shown];
  if (sequence === undefined || sequence.count === 0) return;
  selected = frame;
  stage.show(sequence, frame);
  panel.show(sequence, frame);
  chart.show(sequence, frame);
  film.show(sequence, frame);
  history.replaceState(null, '', `#${shown + 1}.${frame + 1}`);
}

function show(index: number, frame = sequences[index]?.firstOfNote ?? 0): void {
  shown = index;
  chooser.value = String(index);
  sums.textContent = `${sequences[index]?.data.sums ?? ''}.`;
  select(frame);
}

function step(by: number): void {
  const count = sequences[shown]?.count ?? 0;
  select(Math.min(count - 1, Math.max(0, selected + by)));
}

function goTo(look: Look, direction: 1 | -1): void {
  const frame = sequences[shown]?.next(selected, direction, look);
  if (frame !== undefined) select(frame);
}

function header(): HTMLElement {
  sequences.forEach(({ data: { folder } }, index) => {
    chooser.append(make('option', { value: String(index) }, folder));
  });
  chooser.addEventListener('change', () => show(Number(chooser.value)));
  const folder = sequences[0]?.data.folder ?? '';
  const flags = data.flags.map(({ text, isDefault }) =>
    make('code', { class: isDefault ? 'flag' : 'flag set' }, text),
  );
  return make(
    'header',
    {},
    make('h1', {}, 'What the detector saw'),
    make('div', { class: 'folder' }, sequences.length > 1 ? chooser : make('code', {}, folder)),
    sums,
    data.isPartial
      ? make('p', { class: 'warning' }, 'The replay was stopped: frames are missing.')
      : '',
    make('p', { class: 'flags' }, ...flags),
  );
}

function controls(): HTMLElement {
  return make(
    'nav',
    { class: 'controls', 'aria-label': 'Go to' },
    button('‹ change', 'Change before (p)', () => goTo('change', -1)),
    button('change ›', 'Next change (n)', () => goTo('change', 1)),
    button('‹ near miss', 'Near miss before (Shift+M)', () => goTo('near', -1)),
    button('near miss ›', 'Next near miss (m)', () => goTo('near', 1)),
    button('‹ frame', 'Frame before (←)', () => step(-1)),
    button('frame ›', 'Next frame (→)', () => step(1)),
  );
}

document.addEventListener('keydown', (event) => {
  const isField = event.target instanceof HTMLElement && event.target.matches('select, input');
  if (isField || event.ctrlKey || event.metaKey || event.altKey) return;
  const frame = frameForKey(event.key, selected, sequences[shown]?.count ?? 0);
  if (frame !== undefined) select(frame);
  else if (event.key === 'n') goTo('change', 1);
  else if (event.key === 'p') goTo('change', -1);
  else if (event.key === 'm') goTo('near', 1);
  else if (event.key === 'M') goTo('near', -1);
  else return;
  event.preventDefault();
});

document.body.append(
  header(),
  make(
    'main',
    {},
    make('div', { class: 'top' }, stage.element, make('div', {}, panel.element, controls())),
    chart.element,
    film.element,
  ),
  help(data.version),
);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => select(selected));

const [, sequence = 0, frame = 0] = /^#(\d+)\.(\d+)$/.exec(location.hash)?.map(Number) ?? [];
const isKnown = frame >= 1 && frame <= (sequences[sequence - 1]?.count ?? 0);
if (isKnown) show(sequence - 1, frame - 1);
else show(0);
