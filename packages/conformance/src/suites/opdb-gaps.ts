/**
 * What is known to differ from PyTorch, by operator and kind of case: such a case counts as unsupported, with the reason,
 * unless it passes.
 */
export const gaps: Readonly<Record<string, string>> = {
  'as_strided_scatter gradient': "PyTorch's own gradient is wrong there (its database expects the failure)",
  'as_strided.partial_views gradient':
    'the samples depend on the memory around the view, which cases do not hold',
  'linspace error': 'tells 1.0 from 1, which JavaScript cannot',
  'linspace.tensor_overload error': 'tells 1.0 from 1, which JavaScript cannot',
  'logspace error': 'tells 1.0 from 1, which JavaScript cannot',
  'logspace.tensor_overload error': 'tells 1.0 from 1, which JavaScript cannot',
};
